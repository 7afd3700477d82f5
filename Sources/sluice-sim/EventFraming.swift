import NIOCore

/// Server-sent events: the field names, the line ends, the comments between.
///
/// Source: WHATWG HTML, 9.2.5 "Parsing an event stream"; all of what a scenario can choose is legal there.
struct EventFraming: Framing {
  /// What ends a line.
  enum LineEnds: String, CaseIterable, Sendable {
    case lf, crlf, cr
    /// All of them in turn.
    case mixed
  }

  let contentType: String

  /// What stands before the name of an event, and before its data.
  private let prefixes: (name: [UInt8], data: [UInt8])

  /// The end of a data line alone, and with the blank line that ends its event.
  private typealias Ends = (line: [UInt8], event: [UInt8])

  private let ends: [Ends]
  private let hasComments: Bool
  private var events = 0

  /// - Parameter usual: the line ends of the provider, for a scenario that chooses none.
  init(
    _ scenario: Scenario, usual: LineEnds = .lf, contentType: String = "text/event-stream; charset=utf-8"
  ) {
    self.contentType = contentType
    let blank = scenario.hasSpace ? " " : ""
    prefixes = (Array("event:\(blank)".utf8), Array("data:\(blank)".utf8))
    hasComments = scenario.hasComments
    ends = Self.ends(scenario.ends ?? usual).map { (Array($0.utf8), Array(($0 + $1).utf8)) }
  }

  func overhead(_ head: Event.Head) -> Int { prefixes.data.count }

  mutating func begin(_ head: Event.Head, length: Int, in buffer: inout ByteBuffer) {
    if hasComments {
      buffer.writeString(Self.comment)
      // In turn as a block of their own and within the event.
      buffer.writeBytes(events.isMultiple(of: 2) ? current.event : current.line)
    }
    if !head.name.isEmpty {
      buffer.writeBytes(prefixes.name)
      buffer.writeString(head.name)
      buffer.writeBytes(current.line)
    }
    buffer.writeBytes(prefixes.data)
  }

  mutating func end(in buffer: inout ByteBuffer) {
    buffer.writeBytes(current.event)
    events += 1
  }

  /// A comment alone.
  mutating func heartbeat() -> ByteBuffer? {
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
