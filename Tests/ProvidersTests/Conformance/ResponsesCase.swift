import Chat
import Providers

extension DriverCase {
  static let responses = DriverCase(
    driver: ResponsesDriver(), folder: "responses", stream: "scripted.sse", framing: .events, hasEndMark: true,
    url: "https://h.example/v1/responses",
    answers: [
      Answer("text.sse", .text("Hi"), .text(" there"), .text("! 👋"), usage, .finish(.stop)),
      Answer(
        "reasoning.sse", .reasoning("**Counting**"), .reasoning("\n\nOne r."), .reasoning("\n\n"),
        .reasoning("**Checking**"),
        .keep(
          #"{"id":"rs_1","type":"reasoning","encrypted_content":"gAAAAABor0Aw+/=","summary":[{"type":"summary_text","#
            + #""text":"**Counting**\n\nOne r."},{"type":"summary_text","text":"**Checking**"}]}"#),
        .keep(#"{"id":"rs_2","type":"reasoning","encrypted_content":"gAAAAB2","summary":[]}"#), .text("Three."), usage,
        .finish(.stop)),
      Answer(
        "reasoning_text.sse", .reasoning("User"), .reasoning(" greets."),
        .keep(
          #"{"id":"rs_0","type":"reasoning","content":[{"type":"reasoning_text","text":"User greets."}],"summary":[]}"#),
        .text("Hi"), usage, .finish(.stop)),
      Answer("reasoning_not_kept.sse", .reasoning("Why"), .text("So."), usage, .finish(.stop)),
      Answer(
        "tool_calls.sse", .toolCall(0, id: "call_a", name: "one"), .toolCall(1, id: "call_b", name: "two"),
        .arguments(0, #"{"a":"#), .arguments(1, #"{"b""#), .arguments(0, "1}"), .arguments(1, ":2}"), usage,
        .finish(.toolCalls)),
      Answer(
        "tool_calls_done.sse", .toolCall(0, id: "call_a", name: "one"), .arguments(0, #"{"a":1}"#),
        .toolCall(1, id: "call_b", name: "two"), .arguments(1, "{}"), usage, .finish(.toolCalls)),
      Answer(
        "tool_calls_item.sse", .toolCall(0, id: "call_a", name: "one"), .arguments(0, #"{"a":1}"#),
        .toolCall(1, id: "call_b", name: "two"), usage, .finish(.toolCalls)),
      Answer("refusal.sse", .text("I'm sorry, I can't"), .text(" assist with that."), usage, .finish(.stop)),
      Answer("done.sse", .reasoning("Why"), kept, .text("All of it"), usage, .finish(.stop)),
      Answer("item_done.sse", .text("All of it"), usage, .finish(.stop)),
      Answer(
        "completed_only.sse", .reasoning("Why"), kept, .text("All of it"), .toolCall(0, id: "call_a", name: "one"),
        .arguments(0, "{}"), usage, .finish(.toolCalls)),
      Answer("incomplete.sse", .text("Half"), usage, .finish(.length)),
      Answer("content_filter.sse", .text("Half"), .finish(.contentFilter)),
      Answer("failed.sse", .text("Half"), .failure(.failed)),
      Answer("failed_first.sse", .failure(.rateLimited)),
      Answer("failed_image.sse", .failure(.refused)),
      Answer("failed_without_error.sse", .failure(.failed)),
      Answer("error.sse", .failure(.failed)),
      Answer("error_nested.sse", .text("a"), .failure(.contextTooLong)),
      Answer("error_gateway.sse", .failure(.overloaded)),
      Answer("eof.sse", .text("Cut"), .text(" here"), .failure(.truncated)),
      Answer("eof_mid_event.sse", .text("Cut"), .failure(.truncated)),
      Answer("after_end.sse", .text("Short"), usage, .finish(.stop)),
      Answer("no_last_blank_line.sse", .text("All of it"), usage, .finish(.stop)),
      Answer("done_without_end.sse", .text("Short"), .failure(.truncated)),
      Answer("noise.sse", .text("joined"), usage, .finish(.stop)),
      Answer("garbage.sse", .text("Then"), .failure(.malformed)),
      Answer("not_an_object.sse", .failure(.malformed)),
      Answer("text.json", .text("In a peaceful grove…"), wholeUsage, .finish(.stop)),
      Answer(
        "tool_call.json", .toolCall(0, id: "call_unLAR8MvFNptuiZK6K6HCy5k", name: "get_current_weather"),
        .arguments(0, #"{"location":"Boston, MA","unit":"celsius"}"#), wholeUsage, .finish(.toolCalls)),
      Answer(
        "refusal.json", .reasoning("**A**"), .reasoning("\n\n"), .reasoning("**B**"),
        .keep(
          #"{"id":"rs_1","type":"reasoning","encrypted_content":"gAAAAABor0Aw+/=","summary":[{"type":"summary_text","#
            + #""text":"**A**"},{"type":"summary_text","text":"**B**"}]}"#), .text("No."), wholeUsage, .finish(.stop)),
      Answer("incomplete.json", .text("Half"), wholeUsage, .finish(.length)),
      Answer("failed.json", .failure(.failed)),
      Answer("cancelled.json", .failure(.failed)),
      Answer("error.json", .failure(.quotaExceeded)),
      Answer("no_output.json", .failure(.malformed)),
      Answer("cut.json", .failure(.malformed)),
    ],
    long: { length in
      let head = #"data: {"type":"response.completed","response":{"output":[{"type":"message","content":[{"text":""#
      let tail = #""}]}]}}"#
      let text = length - head.utf8.count - tail.utf8.count
      return (Array(head.utf8) + [UInt8](repeating: 0x61, count: text) + Array("\(tail)\n\n".utf8), text)
    }, parameters: #"{"temperature":0.5,"top_p":0.9,"max_tokens":1000}"#)

  private static let usage = Transcript.Event.usage(
    Usage(inputTokens: 19, outputTokens: 10, cachedTokens: 4, reasoningTokens: 6))
  private static let wholeUsage = Transcript.Event.usage(
    Usage(inputTokens: 36, outputTokens: 87, cachedTokens: 0, reasoningTokens: 0))
  private static let kept = Transcript.Event.keep(
    #"{"id":"rs_7","type":"reasoning","encrypted_content":"gAAAAABor0Aw+/=","summary":[{"type":"summary_text","#
      + #""text":"Why"}]}"#)
}
