import Chat
import Service
import Testing
import Wire

@Suite struct PollReplyTests {
  private func text(_ reply: PollReply) -> String { String(decoding: reply.json, as: UTF8.self) }

  @Test func anEmptyReplyKeepsTheCursor() {
    #expect(
      text(PollReply(cursor: Cursor(epoch: 1, offset: 42)))
        == #"{"cursor":"1.42","state":"streaming","events":[],"more":false,"poll_after_ms":0}"#)
  }

  @Test func eventsGoInAsTheyAre() {
    var reply = PollReply(cursor: Cursor(epoch: 2, offset: 7), events: Array(#"{"a":1},{"b":2}"#.utf8)[...])
    reply.reset = true
    reply.more = true
    reply.pollAfter = 250
    #expect(
      text(reply)
        == #"{"cursor":"2.7","state":"streaming","reset":true,"events":[{"a":1},{"b":2}],"more":true,"poll_after_ms":250}"#
    )
  }

  @Test func theEndTellsHowItEnded() {
    var reply = PollReply(cursor: Cursor(epoch: 1, offset: 9))
    reply.terminal = Terminal(
      state: .error, usage: Usage(inputTokens: 3, outputTokens: 4),
      error: TurnError(code: "upstream_error", message: "It failed.", retryable: true))
    reply.message = ID(high: 1, low: 2)
    reply.token = "v1.a.b.c"
    #expect(
      text(reply) == #"{"cursor":"1.9","state":"error","events":[],"more":false,"poll_after_ms":0,"#
        + #""usage":{"input_tokens":3,"output_tokens":4},"#
        + #""error":{"code":"upstream_error","message":"It failed.","retryable":true},"#
        + #""message":{"id":"00000000-0000-0001-0000-000000000002","role":"assistant"},"token":"v1.a.b.c"}"#)
  }
}
