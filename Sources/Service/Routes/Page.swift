import Chat
import FrontDoor
import Store

/// Which part of a list a request asks for, newest first: `?limit=…&before=…`.
///
/// `before` is opaque to clients: the time in microseconds and the id of the last entry they have.
struct Page: Sendable {
  /// The first microsecond of the year 10000: no entry is that late, and PostgreSQL's times do not go on for ever.
  private static let latest = 253_402_300_800_000_000

  let limit: Int
  let before: TimelinePosition?

  /// Throws 400.
  init(_ request: Request, usual: Int, most: Int) throws(Refusal) {
    limit =
      try request.queryValue("limit").map { (text) throws(Refusal) in
        guard let number = Int(text), (1...most).contains(number) else {
          throw Refusal.malformed("`limit` is not a number from 1 to \(most).")
        }
        return number
      } ?? usual
    before = try request.queryValue("before").map { (text) throws(Refusal) in
      let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let time = Int(parts[0]), (0..<Self.latest).contains(time),
        let id = ID(String(parts[1]))
      else {
        throw Refusal(400, .badCursor, "The cursor is none of this server's.")
      }
      return TimelinePosition(microseconds: time, id: id)
    }
  }

  /// What to ask for next time.
  static func cursor(_ position: TimelinePosition) -> String { "\(position.microseconds).\(position.id)" }
}
