import Chat
import Providers

extension DriverCase {
  static let gemini = DriverCase(
    driver: GeminiDriver(), folder: "gemini", stream: "scripted.sse", framing: .events, hasEndMark: false,
    url: "https://h.example/v1beta/models/m-1:streamGenerateContent?alt=sse",
    answers: [
      Answer(
        "text.sse", usage(4, 1), .text("Hello"), usage(4, 4), .text(", wörld"), usage(4, 7, cached: 2), .text("! 👋"),
        .finish(.stop)),
      Answer(
        "thoughts.sse", usage(9, 20, reasoning: 20), .reasoning("**Counting**\n"), usage(9, 31, reasoning: 31),
        .reasoning("One r."), usage(9, 33, reasoning: 31), .text("Three."), .finish(.stop)),
      Answer(
        "tool_calls.sse", .toolCall(0, id: "call_0", name: "one", signature: "sigA+/="),
        .arguments(0, #"{"a":{"b":[1,2.5,null]}}"#), .toolCall(1, id: "call_1", name: "one"),
        .arguments(1, #"{"q":"\"ü\""}"#), .toolCall(2, id: "call_2", name: "three"), .arguments(2, "{}"),
        .finish(.toolCalls)),
      Answer(
        "tool_calls_apart.sse", .toolCall(0, id: "8f2b1a3c", name: "one", signature: "sigA"),
        .arguments(0, #"{"a":1}"#), .toolCall(1, id: "9c3d", name: "two"), .arguments(1, "{}"), .finish(.toolCalls)),
      Answer(
        "signed_text.sse", .text("A "), .text("\"B\""), .keep(#"{"text":"\"B\"","thoughtSignature":"s/1="}"#),
        .text("C"), .text("D"), .keep(#"{"text":"D","thoughtSignature":"s2"}"#), .finish(.stop)),
      Answer("signed_end.sse", .text("All"), .keep(#"{"text":"","thoughtSignature":"s3"}"#), .finish(.stop)),
      Answer(
        "signed_only.sse", .reasoning("Hm"), .keep(#"{"text":"Hm","thought":true,"thoughtSignature":"s4"}"#),
        .keep(#"{"text":"","thoughtSignature":"s5"}"#),
        .keep(#"{"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"s6"}"#), .text("x"),
        .finish(.stop)),
      Answer("max_tokens.sse", usage(1, 2), .text("Too lo"), .finish(.length)),
      Answer("max_tokens_first.sse", usage(1, 99, reasoning: 99), .finish(.length)),
      Answer("safety.sse", .text("Half"), .finish(.contentFilter)),
      Answer("spii.sse", .text("Half"), .finish(.contentFilter)),
      Answer("malformed_call.sse", .text("a"), usage(1, 0), .failure(.failed)),
      Answer("blocked.sse", usage(12, 0), .failure(.contentFiltered)),
      Answer("error_event.sse", .text("Half"), .failure(.overloaded)),
      Answer("error_tail.sse", .text("Half"), .text(" an"), .failure(.overloaded)),
      Answer("error_tail_minified.sse", .text("Half"), .failure(.rateLimited)),
      Answer("error_tail_array.sse", .text("Half"), .failure(.overloaded)),
      Answer("error_tail_after_finish.sse", .text("Whole?"), .failure(.overloaded)),
      Answer("error_tail_at_once.sse", .text("Half"), .text(" ans"), .failure(.overloaded)),
      Answer("error_tail_cut.sse", .text("Half"), .failure(.truncated)),
      Answer("error_object.sse", .failure(.rateLimited)),
      Answer("error_array.sse", .failure(.contextTooLong)),
      Answer(
        "array.sse", usage(3, 1), .text("Line"), usage(3, 2), .text(" two"), usage(3, 2), .finish(.stop)),
      Answer("tail_without_error.sse", .text("Half"), .failure(.truncated)),
      Answer("eof.sse", .text("Cut"), .text(" here"), .failure(.truncated)),
      Answer("eof_mid_event.sse", .text("Cut"), .failure(.truncated)),
      Answer("no_last_blank_line.sse", .text("All of it"), .finish(.stop)),
      Answer("several_candidates.sse", .text("zero"), .finish(.stop)),
      Answer("noise.sse", .text("joined"), usage(1, 1), .finish(.stop)),
      Answer("garbage.sse", .text("Then"), .failure(.malformed)),
      Answer("not_an_object.sse", .failure(.malformed)),
      Answer("text.json", usage(8, 5), .text("AI learns from data."), .finish(.stop)),
      Answer(
        "tools.json", usage(60, 64, reasoning: 49),
        .toolCall(0, id: "call_0", name: "get_current_temperature", signature: "Cq4B+/="),
        .arguments(0, #"{"location":"London"}"#), .finish(.toolCalls)),
      Answer("safety.json", usage(5, 0), .finish(.contentFilter)),
      Answer("blocked.json", usage(5, 0), .failure(.contentFiltered)),
      Answer("malformed_call.json", .failure(.failed)),
      Answer("error.json", .failure(.unauthorized)),
      Answer("no_candidate.json", usage(5, 0), .failure(.malformed)),
      Answer("cut.json", .failure(.malformed)),
    ],
    long: { length in
      let (head, tail) = (#"data: {"candidates":[{"content":{"parts":[{"text":""#, #""}]},"finishReason":"STOP"}]}"#)
      let text = length - head.utf8.count - tail.utf8.count
      return (Array(head.utf8) + [UInt8](repeating: 0x61, count: text) + Array("\(tail)\n\n".utf8), text)
    })

  private static func usage(
    _ input: Int, _ output: Int, cached: Int? = nil, reasoning: Int? = nil
  ) -> Transcript.Event {
    .usage(Usage(inputTokens: input, outputTokens: output, cachedTokens: cached, reasoningTokens: reasoning))
  }
}
