import NIOCore

/// Cues whose body is gzip'd, each write flushed, so that an event can be read as soon as it is sent.
struct GzipCues: IteratorProtocol {
  /// A last block (bit 0) of the reserved kind 3 (bits 1 and 2), and no gzip header either.
  static let broken = ByteBuffer(repeating: 0x07, count: 16)

  private var cues: any IteratorProtocol<Cue>
  private var gzip: Gzip?
  /// Held back while the trailer goes first.
  private var end: Cue?

  init(_ cues: any IteratorProtocol<Cue>) { self.cues = cues }

  mutating func next() -> Cue? {
    if let end {
      self.end = nil
      return end
    }
    guard let cue = cues.next() else { return nil }
    do throws(Gzip.Failure) {
      return try encoded(cue)
    } catch {
      // zlib got no memory: the client is to see a failure, not a short answer.
      return Cue(at: cue.at, action: .reset)
    }
  }

  private mutating func encoded(_ cue: Cue) throws(Gzip.Failure) -> Cue {
    switch cue.action {
    case .head(var head):
      gzip = try Gzip()
      head.isGzipped = true
      head.length = nil
      return Cue(at: cue.at, action: .head(head))
    case .write(let bytes, let tokens):
      guard let gzip else { return cue }
      return Cue(at: cue.at, action: .write(try gzip.compress(bytes), tokens: tokens))
    case .raw(let bytes):
      return Cue(at: cue.at, action: .write(bytes))
    case .end:
      guard let gzip else { return cue }
      end = cue
      return Cue(at: cue.at, action: .write(try gzip.finish()))
    // A cue is made while the one before it waits, so a time gzip'd here would be early: no scenario asks for both.
    case .cut, .reset, .hold, .clock:
      return cue
    }
  }
}
