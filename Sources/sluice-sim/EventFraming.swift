import NIOCore

/// How events stand on the wire: the field name, the line ends, the comments between.
///
/// Source: WHATWG HTML, 9.2.5 "Parsing an event stream"; all of what a scenario can choose is legal there.
struct EventFraming: Sendable {
  /// What ends a line.
  enum LineEnds: String, CaseIterable, Sendable {
    case lf, crlf, cr
    /// All of them in turn.
    case mixed
  }

  /// What stands before the data of an event.
  let prefix: [UInt8]

  /// The end of a data line alone, and with the blank line that ends its event.
  private typealias Ends = (line: [UInt8], event: [UInt8])

  private let ends: [Ends]
  private let hasComments: Bool
  private var events = 0

  init(_ scenario: Scenario) {
    prefix = Array((scenario.hasSpace ? "data: " : "data:").utf8)
    hasComments = scenario.hasComments
    ends = Self.ends(scenario.ends).map { (Array($0.utf8), Array(($0 + $1).utf8)) }
  }

  /// Opens an event; its data follows.
  mutating func begin(in buffer: inout ByteBuffer) {
    if hasComments {
      buffer.writeString(Self.comment)
      // In turn as a block of their own and within the event.
      buffer.writeBytes(events.isMultiple(of: 2) ? current.event : current.line)
    }
    buffer.writeBytes(prefix)
  }

  /// Ends the event.
  mutating func end(in buffer: inout ByteBuffer) {
    buffer.writeBytes(current.event)
    events += 1
  }

  /// Appends the event with this data, which holds no line end.
  mutating func append(_ data: String, to buffer: inout ByteBuffer) {
    begin(in: &buffer)
    buffer.writeString(data)
    end(in: &buffer)
  }

  /// A whole event.
  mutating func event(_ data: String) -> ByteBuffer {
    var buffer = ByteBuffer()
    append(data, to: &buffer)
    return buffer
  }

  /// A comment alone.
  mutating func heartbeat() -> ByteBuffer {
    var buffer = ByteBuffer(string: Self.comment)
    end(in: &buffer)
    return buffer
  }

  private var current: Ends { ends[events % ends.count] }

  private static let comment = ": keep-alive"

  /// Pairs: what ends a data line, and the blank line behind it. Never CR and then LF, for that is one line end.
  private static func ends(_ kind: LineEnds) -> [(String, String)] {
    switch kind {
    case .lf: [("\n", "\n")]
    case .crlf: [("\r\n", "\r\n")]
    case .cr: [("\r", "\r")]
    case .mixed:
      [
        ("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\r"), ("\n", "\r"), ("\r\n", "\n"), ("\r", "\r\n"), ("\r\n", "\r"),
        ("\n", "\r\n"),
      ]
    }
  }
}
