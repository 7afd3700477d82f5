/// Reads a stream of JSON texts, one a line, cut anywhere (jsonlines.org; github.com/ndjson/ndjson-spec).
///
///     var input = bytes
///     while let line = try decoder.next(in: &input) { … }
///
/// Lines end in LF, CR or CRLF; blank ones count as none. Whether a line is JSON is not looked at. Between calls it holds
/// only the unfinished line, and that is bounded by the limit.
package struct JSONLinesDecoder: Sendable {
  /// 16 MiB.
  package static let defaultLimit = 16 << 20

  private var lines: Lines

  /// Whether `next` has read anything but white space since this was last set to false.
  package var sawData = false

  /// `limit`: bytes of a line without its end.
  package init(limit: Int = defaultLimit) { lines = Lines(limit: limit) }

  /// The next whole line in `input`, which then begins behind it; nil when `input` is used up and its rest kept. Throws
  /// when a line is longer than the limit: the stream cannot be read any further.
  package mutating func next(in input: inout UnsafeRawBufferPointer) throws(LineError) -> StreamBytes? {
    while true {
      let start = input
      let line = try lines.next(in: &input)
      if !sawData { sawData = !Self.isBlank(start.dropLast(input.count)) }
      guard let line else { return nil }
      if !line.withBytes({ Self.isBlank($0[...]) }) { return line }
    }
  }

  /// To be called at the stream's end: the line that lacks its end, if there is one.
  package mutating func finish() -> StreamBytes? {
    guard let line = lines.finish(), !line.withBytes({ Self.isBlank($0[...]) }) else { return nil }
    return line
  }

  private static func isBlank(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool { bytes.allSatisfy { $0 <= 0x20 } }
}
