import Chat
import EventLoop
import FoundationEssentials
import FrontDoor
import Wire

extension Response {
  /// The answer to a poll.
  static func poll(_ reply: PollReply, origin: String?) -> Response {
    guard let origin else { return Response(.ok, body: reply.json) }
    return Response(status: 200, headers: CrossOrigin.headers(for: origin), body: reply.json)
  }

  /// The classic full response of a turn that has ended.
  static func classic(_ facts: LiveTurn.Facts, terminal: Terminal, text: [UInt8], origin: String?) -> Response {
    var writer = JSONWriter(capacity: text.count + 512)
    writer.beginObject()
    writer.member("turn", facts.id.description)
    writer.member("conversation", facts.conversation.description)
    writer.member("state", terminal.state.rawValue)
    writer.member("user_message", facts.userMessage.description)
    writer.key("message")
    writer.beginObject()
    writer.member("id", facts.message.description)
    writer.member("role", "assistant")
    writer.key("content")
    writer.string(utf8: text)
    writer.endObject()
    writer.member("finish_reason", terminal.finishReason?.rawValue)
    if let usage = terminal.usage {
      writer.key("usage")
      usage.write(to: &writer)
    }
    if let error = terminal.error {
      writer.key("error")
      error.write(to: &writer)
    }
    writer.endObject()
    return Response(status: 200, headers: CrossOrigin.headers(for: origin), body: writer.bytes)
  }

  /// A classic request waited as long as it may: the turn goes on, the same key attaches again.
  static func stillRunning(_ facts: LiveTurn.Facts, origin: String?) -> Response {
    Refusal(
      504, .stillRunning, "The answer is not complete yet; repeat the request with the same Idempotency-Key.",
      retryable: true
    ) { writer in
      writer.member("turn", facts.id.description)
      writer.member("conversation", facts.conversation.description)
    }.response(origin: origin)
  }
}

/// What lets a client read and cancel one turn: tokens and links, as a start and a 409 give them.
struct TurnPass: Sendable {
  let turn: ID
  let conversation: ID
  let identity: ID
  let epoch: Int
  let mount: String

  func write(to writer: inout JSONWriter, keys: KeyRing) {
    let now = Int(Instant.wall().nanoseconds / 1_000_000_000)
    let token = Token(.turn, identity: identity, subject: turn, now: now)
    let readToken = Token(.read, identity: identity, subject: turn, now: now)
    writer.member("turn", turn.description)
    writer.member("conversation", conversation.description)
    // Whether it has ended meanwhile is the first poll's to say.
    writer.member("state", TurnState.streaming.rawValue)
    writer.member("cursor", Cursor(epoch: epoch, offset: 0).description)
    // The first text is worth asking for at once.
    writer.member("poll_after_ms", 0)
    writer.member("token", token.signed(by: keys))
    writer.member("read_token", readToken.signed(by: keys))
    writer.member("expires_at", Timestamp.text(token.expires))
    writer.key("links")
    writer.beginObject()
    writer.member("poll", "\(mount)/chat/\(turn)/poll")
    writer.member("events", "\(mount)/chat/\(turn)/events")
    writer.member("cancel", "\(mount)/chat/\(turn)/cancel")
    writer.endObject()
  }
}

/// Times as clients see them.
enum Timestamp {
  /// RFC 3339 in UTC, from seconds since 1970.
  static func text(_ seconds: Int) -> String { Date(timeIntervalSince1970: Double(seconds)).ISO8601Format() }

  /// The same with milliseconds, from microseconds since 1970.
  static func text(microseconds: Int) -> String {
    Date(timeIntervalSince1970: Double(microseconds) / 1_000_000)
      .ISO8601Format(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
