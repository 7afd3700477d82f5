extension Scenario {
  /// What goes wrong.
  enum Fault: String, CaseIterable, Sendable {
    /// Another HTTP status instead of an answer, see ``ErrorBody``.
    case status
    /// The request is taken and never answered.
    case stallheaders
    /// The status line and half of the headers are sent, the rest never is.
    case halfhead
    /// A TCP reset.
    case reset
    /// The body ends well-formed but without finish reason and end mark.
    case eof
    /// The connection closes in the middle of the body.
    case cut
    /// The finish reason is sent, the end mark (`[DONE]` and its like) is not.
    case nodone
    /// An error object in the stream, under status 200.
    case error
    /// The same in the other way that some providers have of saying so.
    case failure
    /// Nothing more is sent, the socket stays open.
    case stall
    /// A data line, or a frame, that is no JSON; the answer then goes on.
    case garbage
    /// Bytes that no inflater accepts, within a body said to be gzip'd; the answer then goes on.
    case gzip
  }

  /// Where a fault strikes that strikes within an answer.
  enum Place: Equatable, Sendable {
    /// Before any byte. A fault that needs a body strikes right after the headers instead.
    case request
    /// After the headers, before any event.
    case headers
    /// After so many tokens, at the time of the next; after the role for 0. A shorter text brings the fault at its end.
    case tokens(Int)
  }
}
