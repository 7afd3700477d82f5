/// Gathers a turn's text and releases it into the log, a chunk at a time. Pure: time is an argument, in milliseconds.
///
/// Text is released when there is enough of it, up to the last boundary of the mode; and when its first byte has waited
/// for the longest delay, then up to the best boundary there is, or all of it. No release ends within a grapheme cluster
/// however the provider cuts its deltas: it ends where another scalar follows. Only where none has come at the end of
/// the delay, or the text is over, is the rest taken for whole.
package struct Chunker: Sendable {
  /// Where a boundary of the mode does not come, so many times the size are waited for, and this many bytes at least.
  private static let patience = 4
  private static let leastPatience = 256
  /// Bytes of JSON at which text is released whatever the mode, so that it is one chunk.
  private static let heaviest = TurnLog.chunkLimit / 2
  /// Bytes after which is looked whether there is enough: how far a chunk may go past its size.
  private static let stride = 512

  private let chunking: Chunking
  private var held: [UInt8] = []
  private var boundaries = TextBoundaries()
  /// Bytes that `held` takes as JSON.
  private var weight = 0
  /// When the first held byte came.
  private var since = 0
  /// The turn's first text goes at the first boundary: a reader waits for it.
  private var isFirst = true
  /// The delay is over, and all that is held is a cluster that plainly goes on.
  private var isStalled = false

  package init(_ chunking: Chunking) { self.chunking = chunking }

  /// Bytes of text that wait.
  package var count: Int { held.count }

  /// When `timePassed` is to be called; nil if nothing waits for that.
  package var due: Int? { held.isEmpty || isStalled ? nil : since + chunking.delay }

  /// Takes a delta, valid UTF-8.
  package mutating func append(_ utf8: UnsafeRawBufferPointer, at now: Int, to log: inout TurnLog) {
    isStalled = false
    var rest = utf8[...]
    while !rest.isEmpty {
      if held.isEmpty { since = now }
      take(&rest, at: now)
      if let mark = fullMark { release(mark, to: &log) }
    }
  }

  /// Releases what has waited too long.
  package mutating func timePassed(at now: Int, to log: inout TurnLog) {
    guard let due, due <= now else { return }
    for mark in [modeMark, boundaries.word] where mark.offset > 0 && now - mark.time < chunking.delay {
      return release(mark, to: &log)
    }
    guard boundaries.isUnfinished else { return releaseAll(to: &log) }
    if boundaries.cluster.offset > 0 { release(boundaries.cluster, to: &log) }
    isStalled = now - since >= chunking.delay
  }

  /// Something other than text follows, or nothing at all.
  package mutating func releaseAll(to log: inout TurnLog) {
    guard !held.isEmpty else { return }
    release(TextBoundaries.Mark(offset: held.count, time: since), to: &log)
  }

  private var modeMark: TextBoundaries.Mark {
    switch chunking.mode {
    case .immediate, .interval: boundaries.cluster
    case .words: boundaries.word
    case .sentences: boundaries.sentence
    }
  }

  /// Where to cut because there is enough; nil if there is not, or no place yet.
  private var fullMark: TextBoundaries.Mark? {
    if isFirst || held.count >= chunking.bytes, modeMark.offset > 0 { return modeMark }
    let most = max(Self.patience * chunking.bytes, Self.leastPatience)
    guard held.count >= most || weight >= Self.heaviest else { return nil }
    return [modeMark, boundaries.word, boundaries.cluster].first { $0.offset > 0 }
  }

  /// Moves a stride of `rest` into what is held.
  private mutating func take(_ rest: inout Slice<UnsafeRawBufferPointer>, at now: Int) {
    let all = rest
    while all.count - rest.count < Self.stride, let scalar = Self.scalar(of: rest) {
      boundaries.take(scalar.value, width: scalar.width, at: now)
      weight += Self.weight(of: scalar.value, width: scalar.width)
      rest = rest.dropFirst(scalar.width)
    }
    held.append(contentsOf: all.prefix(all.count - rest.count))
  }

  private mutating func release(_ mark: TextBoundaries.Mark, to log: inout TurnLog) {
    held.withUnsafeBytes { log.append(chunk: UnsafeRawBufferPointer(rebasing: $0[..<mark.offset])) }
    held.removeFirst(mark.offset)
    boundaries.drop(mark.offset)
    since = mark.time
    isFirst = false
    weight = 0
    for byte in held { weight += Self.weight(of: Unicode.Scalar(byte), width: 1) }
  }

  /// Bytes that a scalar takes at most in a JSON string.
  private static func weight(of scalar: Unicode.Scalar, width: Int) -> Int {
    switch scalar.value {
    case 0..<0x20, 0x7F: 6
    case 0x22, 0x5C: 2
    default: width
    }
  }

  /// The first scalar; U+FFFD for a byte that is none, nil at the end.
  private static func scalar(of utf8: Slice<UnsafeRawBufferPointer>) -> (value: Unicode.Scalar, width: Int)? {
    guard let lead = utf8.first else { return nil }
    if lead < 0x80 { return (Unicode.Scalar(lead), 1) }
    let width = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
    guard utf8.count >= width else { return ("\u{FFFD}", 1) }
    var value = UInt32(lead) & (0x7F >> UInt32(width))
    for byte in utf8.dropFirst().prefix(width - 1) { value = value << 6 | UInt32(byte & 0x3F) }
    return Unicode.Scalar(value).map { ($0, width) } ?? ("\u{FFFD}", 1)
  }
}
