import Chat
import Providers

extension DriverCase {
  private static let signature = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds/+8=="

  private static func thinking(_ json: String, signature: String = signature) -> Transcript.Event {
    .keep(#"{"type":"thinking","thinking":"\#(json)","signature":"\#(signature)"}"#)
  }

  /// What most of the files say of their input.
  private static func usage(_ output: Int) -> Transcript.Event { usage(25, output) }

  private static func usage(_ input: Int, _ output: Int, cached: Int? = nil) -> Transcript.Event {
    .usage(Usage(inputTokens: input, outputTokens: output, cachedTokens: cached))
  }

  static let anthropic = DriverCase(
    driver: AnthropicDriver(), folder: "anthropic", stream: "scripted.sse", framing: .events, hasEndMark: true,
    url: "https://h.example/v1/messages",
    answers: [
      Answer("text.sse", usage(1), .text("Hello"), .text("!"), usage(15), .finish(.stop)),
      Answer("stop_sequence.sse", usage(1), .text("1, 2, 3"), usage(9), .finish(.stop)),
      Answer(
        "thinking.sse", usage(148, 2, cached: 100),
        .reasoning("I need to find the GCD of 1071 and 462 using the Euclidean algorithm.\n\n"),
        .reasoning("1071 = 2 × 462 + \"147\""),
        thinking(
          #"I need to find the GCD of 1071 and 462 using the Euclidean algorithm.\n\n1071 = 2 × 462 + \"147\""#),
        .text("The greatest common divisor is "), .text("**21**."), usage(148, 90, cached: 100), .finish(.stop)),
      Answer("thinking_omitted.sse", usage(1), thinking(""), .text("21"), usage(60), .finish(.stop)),
      Answer(
        "redacted_thinking.sse", usage(1), .reasoning("Hm."), thinking("Hm.", signature: "c2ln"),
        .keep(
          #"{"type":"redacted_thinking","#
            + #""data":"EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP=="}"#),
        .text("Done."), usage(8), .finish(.stop)),
      Answer(
        "tools.sse", usage(472, 2), .text("Okay, let's check"), .text(" both:"),
        .toolCall(0, id: "toolu_01T1x1fJ34qAmk2tNTrN7Up6", name: "get_weather"), .arguments(0, #"{"location":"#),
        .arguments(0, #" "San"#), .arguments(0, " Francisc"), .arguments(0, "o,"), .arguments(0, #" CA""#),
        .arguments(0, #", "unit": "fah"#), .arguments(0, #"renheit"}"#),
        .toolCall(1, id: "toolu_01A09q90qw90lq917835lq9", name: "get_time"), .arguments(1, #"{"zone":"PST"}"#),
        usage(472, 89), .finish(.toolCalls)),
      Answer(
        "tools_interleaved.sse", usage(1), .toolCall(0, id: "toolu_a", name: "one"),
        .toolCall(1, id: "toolu_b", name: "two"), .arguments(1, #"{"b""#), .arguments(0, #"{"a":"#),
        .arguments(1, ":2}"), usage(20), .finish(.toolCalls)),
      Answer(
        "tool_without_input.sse", usage(1), .toolCall(0, id: "toolu_c", name: "now"), usage(20), .finish(.toolCalls)),
      Answer(
        "tool_with_whole_input.sse", usage(1), .toolCall(0, id: "toolu_d", name: "now"),
        .arguments(0, #"{"zone":"CET"}"#), usage(20), .finish(.toolCalls)),
      Answer(
        "server_tool.sse", usage(2679, 3, cached: 0), .text("It is 66 °F."), usage(10682, 510, cached: 0),
        .finish(.stop)),
      Answer("unknown.sse", usage(1), .text("Hi"), usage(3), usage(4), .finish(.stop)),
      Answer("error_overloaded.sse", usage(1), .text("Half an"), .failure(.overloaded)),
      Answer("error_first.sse", .failure(.rateLimited)),
      Answer("refusal.sse", usage(564, 7), .text("Hello.."), usage(564, 22), .finish(.contentFilter)),
      Answer("pause_turn.sse", usage(1), .text("Searching"), usage(5), .finish(.stop)),
      Answer("max_tokens.sse", usage(1), .text("Once upon"), usage(2), .finish(.length)),
      Answer("context_window.sse", usage(1), .text("Once"), usage(1), .finish(.length)),
      Answer("nothing_said.sse", usage(1), usage(3), .finish(.stop)),
      Answer("cut.sse", usage(1), .text("Cut"), .text(" here"), usage(2), .failure(.truncated)),
      Answer("cut_in_thinking.sse", usage(1), .reasoning("Well"), .failure(.truncated)),
      Answer("stop_only.sse", .failure(.truncated)),
      Answer("garbage.sse", usage(1), .text("Then"), .failure(.malformed)),
      Answer("not_an_object.sse", .failure(.malformed)),
      Answer("text.json", usage(2100, 503, cached: 0), .text("Hi! My name is Claude."), .finish(.stop)),
      Answer(
        "thinking.json", usage(5, 50), .reasoning("Let me analyze this step by step…\n"),
        thinking(#"Let me analyze this step by step…\n"#), .keep(#"{"type":"redacted_thinking","data":"EmwKAhgB=="}"#),
        .text("Based on my analysis"), .finish(.length)),
      Answer(
        "tool_without_input.json", usage(5, 6), .toolCall(0, id: "toolu_c", name: "now"), .finish(.toolCalls)),
      Answer("refusal.json", usage(5, 0), .finish(.contentFilter)),
      Answer("error.json", .failure(.overloaded)),
      Answer("cut.json", .failure(.malformed)),
      Answer("no_content.json", .failure(.malformed)),
    ],
    long: { length in
      let (head, tail) = (
        #"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""#, #""}}"#
      )
      let text = length - head.utf8.count - tail.utf8.count
      return (
        Array(head.utf8) + [UInt8](repeating: 0x61, count: text)
          + Array("\(tail)\n\ndata: {\"type\":\"message_stop\"}\n\n".utf8), text
      )
    })
}
