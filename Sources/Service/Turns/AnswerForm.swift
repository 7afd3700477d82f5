import Chat
import FrontDoor

/// How a request that waits for the end of a turn is answered.
protocol AnswerForm: Sendable {
  /// Milliseconds that the request waits at most.
  var hold: Int { get }

  /// The turn has ended; `log` is whole.
  func answer(_ facts: LiveTurn.Facts, _ terminal: Terminal, _ log: TurnLog, origin: String?) -> Response

  /// It waited as long as it may: the turn goes on.
  func stillRunning(_ facts: LiveTurn.Facts, origin: String?) -> Response
}

/// The classic full response (wire protocol, version 1).
struct ClassicForm: AnswerForm {
  /// Below nginx's read time-out.
  let hold = 50_000

  func answer(_ facts: LiveTurn.Facts, _ terminal: Terminal, _ log: TurnLog, origin: String?) -> Response {
    .classic(facts, terminal: terminal, text: log.answer, origin: origin)
  }

  func stillRunning(_ facts: LiveTurn.Facts, origin: String?) -> Response { .stillRunning(facts, origin: origin) }
}
