import Chat
import Providers
import TestSupport

extension DriverCase {
  private static let signature = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds/+8=="

  private static func reasoning(_ json: String) -> Transcript.Event {
    .keep(#"{"reasoningContent":{"reasoningText":{"text":"\#(json)","signature":"\#(signature)"}}}"#)
  }

  private static func redacted(_ data: String) -> Transcript.Event {
    .keep(#"{"reasoningContent":{"redactedContent":"\#(data)"}}"#)
  }

  private static func usage(_ input: Int, _ output: Int, cached: Int? = nil) -> Transcript.Event {
    .usage(Usage(inputTokens: input, outputTokens: output, cachedTokens: cached))
  }

  static let bedrock = DriverCase(
    driver: BedrockDriver(), folder: "bedrock", stream: "scripted.bin", framing: .frames, hasEndMark: true,
    url: "https://h.example/model/m-1/converse-stream",
    answers: [
      Answer("text.bin", .text("Hello"), .text("!"), usage(25, 15), .finish(.stop)),
      Answer("cached.bin", .text("Hi"), usage(125, 6, cached: 100), .finish(.stop)),
      Answer(
        "reasoning.bin", .reasoning("I need \"it\""), .reasoning(".\n"), reasoning(#"I need \"it\".\n"#), .text("21"),
        usage(40, 90), .finish(.stop)),
      Answer("reasoning_unsigned.bin", .reasoning("Okay."), .text("Yes"), usage(4, 9), .finish(.stop)),
      Answer(
        "reasoning_redacted.bin", redacted("EmwKAhgBEgy3va3pzix/LafPsn4="), .text("Done"), usage(4, 9),
        .finish(.stop)),
      Answer(
        "tools.bin", .text("Both:"), .toolCall(0, id: "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", name: "get_weather"),
        .arguments(0, #"{"loc"#), .arguments(0, #"ation":"Köln"}"#),
        .toolCall(1, id: "tooluse_b", name: "get_time"), .arguments(1, #"{"zone":"CET"}"#), usage(472, 89),
        .finish(.toolCalls)),
      Answer(
        "tools_interleaved.bin", .toolCall(0, id: "tooluse_a", name: "one"),
        .toolCall(1, id: "tooluse_b", name: "two"), .arguments(1, #"{"b""#), .arguments(0, #"{"a":1}"#),
        .arguments(1, ":2}"), usage(1, 2), .finish(.toolCalls)),
      Answer(
        "tool_without_input.bin", .toolCall(0, id: "tooluse_c", name: "now"), usage(1, 2), .finish(.toolCalls)),
      Answer("server_tool.bin", .text("Found"), usage(1, 2), .finish(.stop)),
      Answer("unknown.bin", .text("Hi"), usage(3, 4), .finish(.stop)),
      Answer("guardrail.bin", .text("I cannot"), usage(1, 2), .finish(.contentFilter)),
      Answer("filtered.bin", usage(1, 0), .finish(.contentFilter)),
      Answer("max_tokens.bin", .text("Once upon"), usage(1, 2), .finish(.length)),
      Answer("context_window.bin", .text("Once"), usage(1, 2), .finish(.length)),
      Answer("malformed_tool_use.bin", .text("Hm"), .failure(.failed)),
      Answer("exception_throttling.bin", .text("Half an"), .failure(.rateLimited)),
      Answer("exception_model.bin", .text("Half"), .failure(.failed)),
      Answer("exception_validation.bin", .failure(.contextTooLong)),
      Answer("exception_after_stop.bin", .text("All"), .failure(.failed)),
      Answer("exception_as_event.bin", .failure(.overloaded)),
      Answer("error.bin", .text("Half"), .failure(.failed)),
      Answer("cut.bin", .text("Cut"), .text(" here"), .failure(.truncated)),
      Answer("cut_before_metadata.bin", .text("Cut"), .failure(.truncated)),
      Answer("cut_before_stop.bin", .text("Cut"), usage(1, 2), .failure(.truncated)),
      Answer("cut_in_frame.bin", .text("Cut"), .failure(.truncated)),
      Answer("bad_checksum.bin", .text("Then"), .failure(.malformed)),
      Answer("bad_prelude.bin", .text("Then"), .failure(.malformed)),
      Answer("too_long.bin", .text("Then"), .failure(.malformed)),
      Answer("headers_too_long.bin", .failure(.malformed)),
      Answer("garbage.bin", .text("Then"), .failure(.malformed)),
      Answer("no_event_stream.bin", .failure(.malformed)),
      Answer("text.json", usage(130, 60, cached: 0), .text("Here is a list."), .finish(.stop)),
      Answer(
        "reasoning.json", usage(1, 2), .reasoning("Well…"), reasoning("Well…"), redacted("EmwKAhgB"),
        .reasoning("No name."), .text("Ja"), .finish(.length)),
      Answer(
        "tool_without_input.json", usage(1, 2), .toolCall(0, id: "tooluse_c", name: "now"), .finish(.toolCalls)),
      Answer("guardrail.json", usage(1, 0), .finish(.contentFilter)),
      Answer("malformed.json", usage(1, 0), .failure(.failed)),
      Answer("no_message.json", .failure(.malformed)),
      Answer("cut.json", .failure(.malformed)),
    ],
    long: { length in
      func event(_ name: String, _ payload: [UInt8]) -> [UInt8] {
        EventStreamFrame([(":event-type", name), (":message-type", "event")], payload: payload).bytes
      }
      let (head, tail) = (#"{"contentBlockIndex":0,"delta":{"text":""#, #""}}"#)
      let frame = event("contentBlockDelta", Array((head + tail).utf8)).count
      let text = length - frame
      return (
        event(
          "contentBlockDelta", Array(head.utf8) + [UInt8](repeating: 0x61, count: text) + Array(tail.utf8))
          + event("messageStop", Array(#"{"stopReason":"end_turn"}"#.utf8))
          + event("metadata", Array(#"{"usage":{"inputTokens":1,"outputTokens":1}}"#.utf8)), text
      )
    })
}
