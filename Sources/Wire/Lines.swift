import Glibc

/// Cuts a byte stream into lines that end in LF, CR or CRLF, mixed, wherever the stream itself is cut. It holds the
/// unfinished line only.
struct Lines: Sendable {
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private let limit: Int
  private let comment: UInt8?
  private var unfinished: [UInt8] = []
  /// The last line ended in CR: an LF that follows belongs to that end.
  private var skipsLineFeed = false

  /// Whether part of a line other than a comment was read since this was last set to false.
  var sawData = false

  /// `limit`: bytes of a line without its end. `comment`: what begins a line that says nothing, if any does.
  init(limit: Int, comment: UInt8? = nil) {
    self.limit = limit
    self.comment = comment
  }

  /// The next line without its end; nil when `input` is used up. Throws when a line is longer than the limit.
  mutating func next(in input: inout UnsafeRawBufferPointer) throws(LineError) -> StreamBytes? {
    if skipsLineFeed, let first = input.first {
      skipsLineFeed = false
      if first == Self.lineFeed { input = UnsafeRawBufferPointer(rebasing: input.dropFirst()) }
    }
    let end = Self.lineEnd(in: input)
    let part = UnsafeRawBufferPointer(rebasing: input[..<(end ?? input.count)])
    guard unfinished.count + part.count <= limit else { throw .tooLong }
    if let first = unfinished.first ?? part.first, !part.isEmpty, first != comment { sawData = true }

    guard let end else {
      unfinished.append(contentsOf: part)
      input = UnsafeRawBufferPointer(start: nil, count: 0)
      return nil
    }
    skipsLineFeed = input[end] == Self.carriageReturn
    input = UnsafeRawBufferPointer(rebasing: input[(end + 1)...])
    if unfinished.isEmpty { return .borrowed(part) }
    unfinished.append(contentsOf: part)
    return finish()
  }

  /// The line that the stream's end leaves unfinished, if there is one.
  mutating func finish() -> StreamBytes? {
    if unfinished.isEmpty { return nil }
    defer { unfinished = [] }
    return .owned(unfinished[...])
  }

  /// Index of the first LF or CR. Looks for both in windows: a stream that uses only one of them must not have each line
  /// search the whole rest for the other.
  private static func lineEnd(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    var start = 0
    while start < bytes.count {
      var window = min(bytes.count - start, 1024)
      let from = base + start
      let lineFeed = memchr(from, Int32(lineFeed), window).map { UnsafeRawPointer($0) - from }
      if let lineFeed { window = lineFeed }
      if let carriageReturn = memchr(from, Int32(carriageReturn), window) {
        return start + (UnsafeRawPointer(carriageReturn) - from)
      }
      if let lineFeed { return start + lineFeed }
      start += window
    }
    return nil
  }
}

/// Why a stream of lines cannot be read any further.
package enum LineError: Error, Sendable {
  /// A line, or what several lines say together, is longer than the limit.
  case tooLong
}
