import CZlib

/// Undoes one content coding (RFC 9110, section 8.4.1) of a response that came compressed although nobody asked for it.
///
/// Not by libcurl: that inflates a whole read into memory while a transfer is paused, which for 16 KB may be 16 MB. Here
/// a pause leaves the rest compressed.
final class ContentDecoder {
  enum Step: Equatable {
    /// All of the input is used up.
    case all
    /// The receiver wants no more for now: the same input is to be given again, from its beginning.
    case held
    case broken
  }

  private enum Coding { case gzip, deflate }

  private let coding: Coding
  // zlib keeps a pointer to its stream, which so must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var isReady = false
  /// Bytes of the held input that have been used up.
  private var used = 0
  private var sawInput = false
  private var sawEnd = false

  private static let pieceSize = 16 << 10

  /// `coding` as in `Content-Encoding`. Nil for one that is not known here; two on top of each other are none.
  init?(_ coding: String) {
    switch coding.lowercased() {
    case "gzip", "x-gzip": self.coding = .gzip
    case "deflate": self.coding = .deflate
    default: return nil
    }
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
  }

  deinit {
    if isReady { inflateEnd(stream) }
    stream.deallocate()
  }

  /// Whether what has come is whole: nothing at all, or all up to the mark of the end.
  var isWhole: Bool { sawEnd || !sawInput }

  /// Gives `receive` what `input` makes, in pieces of at most 16 KB, until it answers false.
  func feed(_ input: UnsafeRawBufferPointer, _ receive: (UnsafeRawBufferPointer) -> Bool) -> Step {
    let skipped = min(used, input.count)
    used -= skipped
    let rest = UnsafeRawBufferPointer(rebasing: input[skipped...])
    guard prepare(rest) else { return .broken }
    stream.pointee.next_in = UnsafeMutablePointer(mutating: rest.bindMemory(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(rest.count)
    let step = withUnsafeTemporaryAllocation(byteCount: Self.pieceSize, alignment: 16) { inflate(into: $0, receive) }
    if step == .held { used = input.count - Int(stream.pointee.avail_in) }
    stream.pointee.next_in = nil
    stream.pointee.avail_in = 0
    return step
  }

  private func inflate(into piece: UnsafeMutableRawBufferPointer, _ receive: (UnsafeRawBufferPointer) -> Bool) -> Step {
    while true {
      stream.pointee.next_out = piece.bindMemory(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(piece.count)
      let code = CZlib.inflate(stream, Z_SYNC_FLUSH)
      guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { return .broken }
      let isFull = stream.pointee.avail_out == 0
      let made = piece.count - Int(stream.pointee.avail_out)
      let goesOn = made == 0 || receive(UnsafeRawBufferPointer(rebasing: piece[..<made]))
      if code == Z_STREAM_END {
        sawEnd = true
        if stream.pointee.avail_in == 0 { return .all }
        // Members of gzip may follow each other (RFC 1952, section 2.2); nothing follows deflate.
        guard coding == .gzip, inflateReset(stream) == Z_OK else { return .broken }
        sawEnd = false
      } else if stream.pointee.avail_in == 0, !isFull || code == Z_BUF_ERROR {
        return .all
      } else if code == Z_BUF_ERROR {
        return .broken
      }
      if !goesOn { return .held }
    }
  }

  /// The first byte tells whether "deflate" has zlib's frame, as it should, or is bare, as some send it.
  private func prepare(_ input: UnsafeRawBufferPointer) -> Bool {
    guard let first = input.first else { return isReady }
    sawInput = true
    if sawEnd {
      guard coding == .gzip, inflateReset(stream) == Z_OK else { return false }
      sawEnd = false
    }
    if isReady { return true }
    let isBare = coding == .deflate && (first & 0x0F != 8 || first >> 4 > 7)
    let window: Int32 = coding == .gzip ? MAX_WBITS + 16 : isBare ? -MAX_WBITS : MAX_WBITS
    isReady =
      inflateInit2_(stream, window, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK
    return isReady
  }
}
