import Chat
import TestSupport
import Testing
import Wire

@Suite struct TerminalTests {
  private func json(_ terminal: Terminal) -> [String] { terminal.events.map { String(decoding: $0, as: UTF8.self) } }

  @Test func aPlainEndIsOneEvent() {
    #expect(json(Terminal(state: .interrupted)) == [#"{"type":"end","state":"interrupted"}"#])
    #expect(
      json(Terminal(state: .done, finishReason: .toolCalls)) == [
        #"{"type":"end","state":"done","finish_reason":"tool_calls"}"#
      ])
  }

  @Test func usageAndErrorComeBeforeTheEnd() {
    let terminal = Terminal(
      state: .error, usage: Usage(inputTokens: 3, outputTokens: 0),
      error: TurnError(code: "c", message: "m", retryable: true))
    #expect(
      json(terminal) == [
        #"{"type":"usage","usage":{"input_tokens":3,"output_tokens":0}}"#,
        #"{"type":"error","error":{"code":"c","message":"m","retryable":true}}"#,
        #"{"type":"end","state":"error"}"#,
      ])
  }

  @Test func eventsAreJSONWhateverTheMessageSays() throws {
    var random = SplitMix(seed: 8)
    for _ in 0..<200 {
      let error = TurnError(
        code: "code", message: Script.text(40, using: &random), retryable: .random(using: &random))
      let terminal = Terminal(state: .error, finishReason: .length, error: error)
      let document = try JSONDocument(parsing: terminal.events[0])
      let member = document.root["error"]
      #expect(member?["code"]?.string == "code")
      #expect(member?["message"]?.string.map { Array($0.utf8) } == Script.readable(error.message))
      #expect(member?["retryable"]?.bool == error.retryable)
      #expect(try Event.list(terminal.events.joined(separator: [0x2C])).map(\.type) == ["error", "end"])
    }
  }

  @Test func usageSaysWhatTheProviderSaidAndLeavesOutTheRest() {
    func json(_ usage: Usage) -> String {
      var writer = JSONWriter()
      usage.write(to: &writer)
      return String(decoding: writer.bytes, as: UTF8.self)
    }
    #expect(json(Usage(inputTokens: 1, outputTokens: 2)) == #"{"input_tokens":1,"output_tokens":2}"#)
    #expect(
      json(Usage(inputTokens: 1, outputTokens: 2, isEstimated: true))
        == #"{"input_tokens":1,"output_tokens":2,"estimated":true}"#)
    #expect(
      json(Usage(inputTokens: 1, outputTokens: 2, cachedTokens: 0, reasoningTokens: 4))
        == #"{"input_tokens":1,"output_tokens":2,"cached_tokens":0,"reasoning_tokens":4}"#)
  }

  @Test func theWordsOfTheProtocolAreThese() {
    #expect(TurnState.allCases.map(\.rawValue) == ["streaming", "done", "error", "cancelled", "interrupted"])
    #expect(TurnState.allCases.filter { !$0.isTerminal } == [.streaming])
    #expect(FinishReason.allCases.map(\.rawValue) == ["stop", "length", "tool_calls", "content_filter"])
    #expect(TurnError.tooLong.code == "turn_too_long")
    #expect(!TurnError.tooLong.retryable)
    #expect(TurnError.timedOut.code == "turn_timeout")
    #expect(TurnError.timedOut.retryable)
  }
}
