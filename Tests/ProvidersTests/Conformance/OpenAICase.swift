import Chat
import Providers

extension DriverCase {
  static let openai = DriverCase(
    driver: OpenAIDriver(), folder: "openai", stream: "scripted.sse", framing: .events, hasEndMark: false,
    url: "https://h.example/v1/chat/completions",
    answers: [
      Answer(
        "openai.sse", .text("Hello"), .text(", wörld"), .text("! 👋🏽\n"),
        .usage(Usage(inputTokens: 19, outputTokens: 10, cachedTokens: 4, reasoningTokens: 0)), .finish(.stop)),
      Answer("azure.sse", .text("Azure"), .text(" says hi"), .finish(.contentFilter)),
      Answer(
        "vllm.sse", .reasoning("The user"), .reasoning(" greets."), .text("Hi"), .text(" there"),
        .usage(Usage(inputTokens: 12, outputTokens: 5)), .finish(.length)),
      Answer(
        "llamacpp.sse", .text("One"), .text(" two"), .usage(Usage(inputTokens: 3, outputTokens: 2)), .finish(.stop)),
      Answer(
        "openrouter.sse", .reasoning("Let me see"), .text("42"),
        .usage(Usage(inputTokens: 7, outputTokens: 9, cachedTokens: 0, reasoningTokens: 6)), .finish(.stop)),
      Answer("error_in_band.sse", .text("Half an ans"), .failure(.failed)),
      Answer("error_openrouter.sse", .text("Some"), .failure(.failed)),
      Answer("error_overloaded.sse", .failure(.overloaded)),
      Answer("error_string.sse", .failure(.failed)),
      Answer("error_vllm.sse", .text("a"), .failure(.contextTooLong)),
      Answer("refusal.sse", .text("I'm sorry, I can't"), .text(" help with that."), .finish(.stop)),
      Answer(
        "tool_calls.sse", .toolCall(0, id: "call_DdmO9pD3xa9XTPNJ32zg2hcA", name: "get_weather"),
        .arguments(0, #"{"loc"#), .finish(.toolCalls)),
      Answer(
        "tool_calls_index_0.sse", .toolCall(0, id: "call_a", name: "one"), .arguments(0, "{}"),
        .toolCall(1, id: "call_b", name: "two"), .arguments(1, #"{"b""#), .arguments(1, ":1}"), .finish(.toolCalls)),
      Answer("no_done.sse", .text("All of it"), .finish(.stop)),
      Answer("no_last_blank_line.sse", .text("All of it"), .finish(.stop)),
      Answer("eof.sse", .text("Cut"), .text(" here"), .failure(.truncated)),
      Answer("eof_mid_event.sse", .text("Cut"), .failure(.truncated)),
      Answer("done_only.sse", .failure(.truncated)),
      Answer("done_without_finish.sse", .text("Short"), .finish(.stop)),
      Answer("after_done.sse", .text("Short"), .finish(.stop)),
      Answer("garbage.sse", .text("Then"), .failure(.malformed)),
      Answer("not_an_object.sse", .failure(.malformed)),
      Answer(
        "surrogates.sse", .text("😀"), .text("half \u{FFFD}"), .text("\u{FFFD} other"), .text("\0nul \u{2028}"),
        .text("\"q\" \\ / \t"), .text("ש 👨‍👩‍👧"), .finish(.stop)),
      Answer("several_choices.sse", .text("zero"), .finish(.length)),
      Answer("noise.sse", .text("joined"), .finish(.stop)),
      Answer(
        "openai.json", .usage(Usage(inputTokens: 19, outputTokens: 10, cachedTokens: 0, reasoningTokens: 0)),
        .text("Hello! How can I assist you today? 👋"), .finish(.stop)),
      Answer("reasoning.json", .reasoning("Easy."), .text("Yes."), .finish(.length)),
      Answer("refusal.json", .text("No."), .finish(.stop)),
      Answer("error.json", .failure(.rateLimited)),
      Answer("cut.json", .failure(.malformed)),
      Answer("no_message.json", .failure(.malformed)),
    ],
    long: { length in
      let (head, tail) = (#"data: {"choices":[{"delta":{"content":""#, #""},"finish_reason":"stop"}]}"#)
      let text = length - head.utf8.count - tail.utf8.count
      return (Array(head.utf8) + [UInt8](repeating: 0x61, count: text) + Array("\(tail)\n\n".utf8), text)
    })
}
