import Chat

/// What a reader of a turn wants.
struct Ask: Sendable {
  enum Form: Sendable {
    /// What is new after the cursor; due as soon as there is anything.
    case poll(Cursor)
    /// The whole answer; due when the turn has ended.
    case whole(any AnswerForm)
  }

  let form: Form
  var hidden = false
  /// It wants to know of the tokens that are used so far.
  var usage = false
  /// The reader lets itself be held: it may come again at once.
  var waits = false
  /// That of the reader in the turn's budget; of no effect on `whole`.
  var bucket = UInt8.max
  /// The allowed origin to name in the reply; nil for a same-origin request.
  var origin: String?
  /// The token to hand out with the next reply because the reader's own is aging.
  var renewal: String?
}
