/// Reads a stream of messages in Amazon's binary framing (application/vnd.amazon.eventstream), cut anywhere
/// (smithy.io/2.0/aws/amazon-eventstream.html):
///
///     total length u32 │ headers length u32 │ CRC of these 8 bytes u32 │ headers │ payload │ CRC of all before u32
///
///     var input = bytes
///     while let message = try decoder.next(in: &input) { … }
///
/// Between calls it holds only the unfinished message, and that is bounded by the limit. After it has thrown it cannot
/// be used any further.
package struct EventStreamDecoder: Sendable {
  /// 16 MiB for a whole message, its frame included.
  package static let defaultLimit = 16 << 20

  private static let preludeLength = 12
  private static let checksumLength = 4

  private let limit: Int
  private var held: [UInt8] = []
  /// Total length of the message that is held; nil until its prelude is whole.
  private var expected: Int?

  package init(limit: Int = defaultLimit) { self.limit = limit }

  /// The next whole message in `input`, which then begins behind it; nil when `input` is used up and its rest kept. The
  /// payload of a message that lies whole in `input` is not copied.
  package mutating func next(
    in input: inout UnsafeRawBufferPointer
  ) throws(EventStreamError) -> EventStreamMessage? {
    if held.isEmpty, input.count >= Self.preludeLength {
      let length = try length(in: input)
      if length <= input.count {
        let frame = UnsafeRawBufferPointer(rebasing: input.prefix(length))
        input = UnsafeRawBufferPointer(rebasing: input.dropFirst(length))
        let (headers, payload) = try Self.parts(of: frame)
        return EventStreamMessage(
          headers: headers, payload: .borrowed(UnsafeRawBufferPointer(rebasing: frame[payload])))
      }
    }
    if expected == nil {
      guard fill(to: Self.preludeLength, from: &input) else { return nil }
      expected = try held.span.withUnsafeBytes { (held) throws(EventStreamError) in try length(in: held) }
    }
    guard let length = expected, fill(to: length, from: &input) else { return nil }
    let frame = held
    held = []
    expected = nil
    let (headers, payload) = try frame.span.withUnsafeBytes { (frame) throws(EventStreamError) in
      try Self.parts(of: frame)
    }
    return EventStreamMessage(headers: headers, payload: .owned(frame[payload]))
  }

  /// Returns whether `count` bytes are held now.
  private mutating func fill(to count: Int, from input: inout UnsafeRawBufferPointer) -> Bool {
    let part = input.prefix(count - held.count)
    held.append(contentsOf: part)
    input = UnsafeRawBufferPointer(rebasing: input.dropFirst(part.count))
    return held.count == count
  }

  /// From a prelude, which is checked.
  private func length(in prelude: UnsafeRawBufferPointer) throws(EventStreamError) -> Int {
    let checked = UnsafeRawBufferPointer(rebasing: prelude.prefix(8))
    guard CRC32.checksum(of: checked) == Self.word(at: 8, in: prelude) else { throw .preludeChecksum }
    let (total, headers) = (Int(Self.word(at: 0, in: prelude)), Int(Self.word(at: 4, in: prelude)))
    guard total <= limit, headers <= total - Self.preludeLength - Self.checksumLength else { throw .length }
    return total
  }

  /// Headers, and where the payload lies in a whole message whose prelude is checked.
  private static func parts(
    of frame: UnsafeRawBufferPointer
  ) throws(EventStreamError) -> (headers: [EventStreamHeader], payload: Range<Int>) {
    let end = frame.count - checksumLength
    guard CRC32.checksum(of: UnsafeRawBufferPointer(rebasing: frame[..<end])) == word(at: end, in: frame) else {
      throw .checksum
    }
    let payload = preludeLength + Int(word(at: 4, in: frame))
    let headers = try EventStreamHeader.parse(UnsafeRawBufferPointer(rebasing: frame[preludeLength..<payload]))
    return (headers, payload..<end)
  }

  private static func word(at offset: Int, in bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
