import Chat
import FrontDoor

/// How a completion that is wanted whole is answered.
struct CompletionForm: AnswerForm {
  /// Below the read time-out of `sluice-openai.conf`.
  let hold = 290_000

  /// The virtual model's name.
  let model: String
  /// The request has an Idempotency-Key: to repeat it is to wait for the same turn.
  let hasKey: Bool

  func answer(_ facts: LiveTurn.Facts, _ terminal: Terminal, _ log: TurnLog, origin: String?) -> Response {
    if let error = OpenAIError(terminal, isRepeatable: !hasKey) { return error.response(origin: origin) }
    return CompletionObject(turn: facts.id, model: model).response(CompletionAnswer(log), terminal, origin: origin)
  }

  func stillRunning(_ facts: LiveTurn.Facts, origin: String?) -> Response {
    OpenAIError(
      status: 504, code: Refusal.Code.stillRunning.rawValue,
      message: "The answer is not complete yet, its turn is \(facts.id): repeat the request with its Idempotency-Key.",
      retryable: hasKey
    ).response(origin: origin)
  }
}
