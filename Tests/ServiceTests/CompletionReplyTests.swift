import Chat
@testable import FrontDoor
import Testing
import Wire

@testable import Service

/// What a turn's log becomes in OpenAI's form.
@Suite struct CompletionReplyTests {
  private let object = CompletionObject(turn: ID(unixMilliseconds: 1_700_000_000_123, tag: 1, random: 2), model: "m")
  private static let usage = Usage(inputTokens: 3, outputTokens: 4, cachedTokens: 1, reasoningTokens: 2)

  private func log(_ events: String...) -> TurnLog {
    var log = TurnLog()
    for event in events {
      log.append(event: Array(event.utf8))
      log.seal()
    }
    return log
  }

  private func whole(_ log: TurnLog, _ terminal: Terminal) -> String {
    String(decoding: object.response(CompletionAnswer(log), terminal, origin: nil).body, as: UTF8.self)
  }

  /// The data of each event of a stream that says all of the log, without what each begins with.
  private func stream(_ log: TurnLog, _ terminal: Terminal, includesUsage: Bool = false) -> [String] {
    var stream = CompletionStream(object, includesUsage: includesUsage)
    var bytes: [UInt8] = []
    stream.begin(to: &bytes)
    for chunk in 0..<log.sealed {
      stream.chunk(log.events(of: chunk + 1), Cursor(epoch: 1, offset: chunk + 1), to: &bytes)
    }
    let events = terminal.events.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
    stream.end(Array(events.utf8)[...], Cursor(epoch: 1, offset: 9), terminal, message: nil, to: &bytes)
    return Self.data(bytes)
  }

  private static let head =
    #"{"id":"chatcmpl-018bcfe5-687b-7001-8000-000000000002","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":["#

  private static func data(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n\n").map { event in
      String(event.dropFirst("data: ".count)).replacing(head, with: "…")
    }
  }

  private let text = #"{"type":"text","text":"Hi \"you\""}"#
  private let call = #"{"type":"tool","id":"c","name":"open","arguments":"{\"a\":","status":"arriving"}"#
  private let rest = #"{"type":"tool","id":"c","name":"open","arguments":"1}","status":"requested"}"#
  private let other = #"{"type":"tool","id":"d","name":"shut","arguments":"{}","status":"requested"}"#
  private let progress = #"{"type":"progress","id":"reasoning","label":"Thinking","status":"running"}"#

  @Test func textIsContent() {
    #expect(
      whole(log(progress, text), Terminal(state: .done, finishReason: .length, usage: Self.usage))
        == #"{"id":"chatcmpl-018bcfe5-687b-7001-8000-000000000002","object":"chat.completion","created":1700000000,"#
        + #""model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi \"you\"","refusal":null},"#
        + #""logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"#
        + #""total_tokens":7,"prompt_tokens_details":{"cached_tokens":1},"#
        + #""completion_tokens_details":{"reasoning_tokens":2}}}"#)
  }

  @Test func callsAreWholeAgain() {
    let message = whole(log(call, rest, other), Terminal(state: .done, finishReason: .toolCalls))
    #expect(message.contains(#""content":null"#) && !message.contains("usage"))
    #expect(
      message.contains(
        #""tool_calls":[{"id":"c","type":"function","function":{"name":"open","arguments":"{\"a\":1}"}},"#
          + #"{"id":"d","type":"function","function":{"name":"shut","arguments":"{}"}}]"#))
  }

  @Test func aStreamIsDeltas() {
    let tail = #","logprobs":null,"finish_reason":null}]}"#
    #expect(
      stream(log(text, call, rest, other, progress), Terminal(state: .done, finishReason: .toolCalls)) == [
        #"…{"index":0,"delta":{"role":"assistant","content":"","refusal":null}"# + tail,
        #"…{"index":0,"delta":{"content":"Hi \"you\""}"# + tail,
        #"…{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":"#
          + #"{"name":"open","arguments":"{\"a\":"}}]}"# + tail,
        #"…{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}"# + tail,
        #"…{"index":0,"delta":{"tool_calls":[{"index":1,"id":"d","type":"function","function":"#
          + #"{"name":"shut","arguments":"{}"}}]}"# + tail,
        #"…{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}"#, "[DONE]",
      ])
  }

  @Test func usageComesLastAndAlone() {
    let events = stream(log(text), Terminal(state: .done, finishReason: .stop, usage: Self.usage), includesUsage: true)
    #expect(events.dropLast(2).allSatisfy { $0.hasSuffix(#"],"usage":null}"#) })
    #expect(events.suffix(2).first?.hasPrefix(#"…],"usage":{"prompt_tokens":3"#) == true)
    #expect(events.last == "[DONE]")
  }

  @Test(arguments: [TurnState.error, .cancelled, .interrupted]) func whatBrokeOffHasNoEndMark(_ state: TurnState) {
    let events = stream(log(text), Terminal(state: state, error: state == .error ? .timedOut : nil))
    #expect(events.last?.hasPrefix(#"{"error":{"message":""#) == true)
  }

  @Test func aTextThatBeginsAnewIsTakenAsLongAsNothingWasSaid() {
    var stream = CompletionStream(object, includesUsage: false)
    var bytes: [UInt8] = []
    #expect(stream.reset(Cursor(epoch: 2, offset: 0), to: &bytes) && bytes.isEmpty)
    stream.chunk(Array(text.utf8)[...], Cursor(epoch: 2, offset: 1), to: &bytes)
    bytes = []
    #expect(!stream.reset(Cursor(epoch: 3, offset: 0), to: &bytes))
    #expect(Self.data(bytes).last?.contains(#""code":"interrupted""#) == true)
  }

  /// An empty event would break OpenAI's own libraries.
  @Test func aSignOfLifeIsNoEvent() {
    var stream = CompletionStream(object, includesUsage: false)
    var bytes: [UInt8] = []
    stream.ping(.start, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == ": ping\n")
  }
}

@Suite struct OpenAIErrorTests {
  @Test(arguments: [
    ("upstream_rate_limited", true, 429, "rate_limit_error"), ("upstream_timeout", true, 504, "server_error"),
    ("context_too_long", false, 400, "invalid_request_error"), ("model_misconfigured", false, 500, "server_error"),
  ])
  func aTurnsErrorHasAStatus(_ row: (code: String, retryable: Bool, status: Int, type: String)) throws {
    let error = TurnError(code: row.code, message: "So.", retryable: row.retryable)
    let told = try #require(OpenAIError(Terminal(state: .error, error: error), isRepeatable: true))
    #expect(told.status == row.status && told.retryable == row.retryable)
    #expect(String(decoding: told.json, as: UTF8.self).contains(#""type":"\#(row.type)","param":null"#))
    // Who repeats a key gets the same end again.
    #expect(OpenAIError(Terminal(state: .error, error: error), isRepeatable: false)?.retryable == false)
  }

  @Test(arguments: Refusal.Code.allCases) func everyRefusalHasAStatusThatLibrariesKnow(_ code: Refusal.Code) {
    let told = OpenAIError(Refusal(422, code, "So."))
    #expect(told.status == (code == .unknownModel ? 404 : 400))
  }

  @Test func aRefusalKeepsWhenToComeAgain() {
    let head = String(decoding: OpenAIError(.overloaded).response().head.bytes, as: UTF8.self)
    #expect(head.contains("\r\nRetry-After: 2\r\n") && head.contains("\r\nX-Should-Retry: true\r\n"))
  }

  @Test func onlyWhatIsBelowItsPathsIsToldInThisForm() {
    let ours = OpenAIError.reformed(.notFound, of: Request(method: .get, path: "/chat/nothing"))
    #expect(ours.body == Response.notFound.body)
    let theirs = OpenAIError.reformed(.notFound, of: Request(method: .get, path: "/v1/nothing"))
    #expect(
      String(decoding: theirs.body, as: UTF8.self)
        == #"{"error":{"message":"There is nothing here.","type":"not_found_error","param":null,"code":"not_found"}}"#)
  }
}
