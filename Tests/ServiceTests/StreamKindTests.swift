import Testing

@testable import Service

@Suite struct StreamKindTests {
  @Test(arguments: [
    ("text/event-stream", StreamKind.events), ("application/x-ndjson", .lines),
    ("application/json, Text/Event-Stream ; q=0.5", .events), ("application/x-ndjson,text/event-stream", .lines),
    ("text/event-stream;q=0,application/x-ndjson", .lines), ("\ttext/event-stream\t", .events),
  ])
  func whatIsNamedIsTaken(_ one: (header: String, kind: StreamKind)) {
    #expect(StreamKind(accepted: one.header) == one.kind)
  }

  @Test(arguments: [
    nil, "", ",", ";", "*/*", "text/*", "application/json", "text/event-stream;q=0", "text/event-streams", "q=0",
  ])
  func whatIsNotNamedIsNot(header: String?) { #expect(StreamKind(accepted: header) == nil) }
}
