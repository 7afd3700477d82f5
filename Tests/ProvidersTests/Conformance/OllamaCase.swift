import Chat
import Providers

extension DriverCase {
  static let ollama = DriverCase(
    driver: OllamaDriver(), folder: "ollama", stream: "scripted.ndjson", framing: .lines, hasEndMark: true,
    url: "https://h.example/api/chat",
    answers: [
      Answer(
        "text.ndjson", .text("The"), .text(" sky"), .usage(Usage(inputTokens: 26, outputTokens: 282)), .finish(.stop)),
      Answer(
        "thinking.ndjson", .reasoning("Count"), .reasoning(" the r's."), .text("Three."), usage, .finish(.stop)),
      Answer(
        "tool_calls.ndjson", .reasoning("I need \"both\".\n"), .keep(#""I need \"both\".\n""#),
        .toolCall(0, id: "call_0", name: "get_current_weather"),
        .arguments(0, #"{"format":"celsius","location":"Paris, FR"}"#), .toolCall(1, id: "call_1", name: "now"),
        .arguments(1, "{}"), usage, .finish(.toolCalls)),
      Answer(
        "parallel.ndjson", .toolCall(0, id: "call_vm0wsz5c", name: "one"),
        .arguments(0, #"{"a":{"b":[1,2.5,null,true]}}"#), .toolCall(1, id: "call_9f2k3hbq", name: "two"),
        .arguments(1, #"{"q":"\"ü\""}"#), usage, .finish(.toolCalls)),
      Answer(
        "index_0.ndjson", .toolCall(0, id: "call_0", name: "one"), .arguments(0, "{}"),
        .toolCall(1, id: "call_1", name: "one"), .arguments(1, "{}"), usage, .finish(.toolCalls)),
      Answer("length.ndjson", .text("Too"), .text(" long"), usage, .finish(.length)),
      Answer("load.ndjson", .finish(.stop)),
      Answer("error_in_band.ndjson", .text(" Yes"), .text("."), .failure(.failed)),
      Answer("error_only.ndjson", .failure(.contextTooLong)),
      Answer("error_no_end.ndjson", .text("a"), .failure(.failed)),
      Answer("eof.ndjson", .text("Cut"), .text(" here"), .failure(.truncated)),
      Answer("eof_mid_line.ndjson", .text("Cut"), .failure(.truncated)),
      Answer("no_last_line_end.ndjson", .text("All of it"), usage, .finish(.stop)),
      Answer("after_done.ndjson", .text("Short"), usage, .finish(.stop)),
      Answer("noise.ndjson", .text("joined"), .finish(.stop)),
      Answer("garbage.ndjson", .text("Then"), .failure(.malformed)),
      Answer("not_an_object.ndjson", .failure(.malformed)),
      Answer("done_only.ndjson", .finish(.stop)),
      Answer(
        "chat.json", .text("Hello! How are you today?"), .usage(Usage(inputTokens: 26, outputTokens: 298)),
        .finish(.stop)),
      Answer(
        "tools.json", .toolCall(0, id: "call_0", name: "get_current_weather"),
        .arguments(0, #"{"format":"celsius","location":"Paris, FR"}"#),
        .usage(Usage(inputTokens: 122, outputTokens: 33)), .finish(.toolCalls)),
      Answer("error.json", .failure(.failed)),
      Answer("not_done.json", .text("half"), .failure(.malformed)),
      Answer("cut.json", .failure(.malformed)),
    ],
    long: { length in
      let (head, tail) = (#"{"message":{"content":""#, #""},"done":true}"#)
      let text = length - head.utf8.count - tail.utf8.count
      return (Array(head.utf8) + [UInt8](repeating: 0x61, count: text) + Array("\(tail)\n".utf8), text)
    })

  private static let usage = Transcript.Event.usage(Usage(inputTokens: 19, outputTokens: 10))
}
