import Chat
import Providers
import TestSupport
import Testing

@Suite struct OpenAIAnswerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let file: String
    let events: [Transcript.Event]

    init(_ file: String, _ events: Transcript.Event...) {
      self.file = file
      self.events = events
    }

    var testDescription: String { file }
    var streaming: Bool { file.hasSuffix(".sse") }
  }

  static let cases = [
    Case(
      "openai.sse", .text("Hello"), .text(", wörld"), .text("! 👋🏽\n"),
      .usage(Usage(inputTokens: 19, outputTokens: 10, cachedTokens: 4, reasoningTokens: 0)), .finish(.stop)),
    Case("azure.sse", .text("Azure"), .text(" says hi"), .finish(.contentFilter)),
    Case(
      "vllm.sse", .reasoning("The user"), .reasoning(" greets."), .text("Hi"), .text(" there"),
      .usage(Usage(inputTokens: 12, outputTokens: 5)), .finish(.length)),
    Case("llamacpp.sse", .text("One"), .text(" two"), .usage(Usage(inputTokens: 3, outputTokens: 2)), .finish(.stop)),
    Case(
      "openrouter.sse", .reasoning("Let me see"), .text("42"),
      .usage(Usage(inputTokens: 7, outputTokens: 9, cachedTokens: 0, reasoningTokens: 6)), .finish(.stop)),
    Case("error_in_band.sse", .text("Half an ans"), .failure(.failed)),
    Case("error_openrouter.sse", .text("Some"), .failure(.failed)),
    Case("error_overloaded.sse", .failure(.overloaded)),
    Case("error_string.sse", .failure(.failed)),
    Case("error_vllm.sse", .text("a"), .failure(.contextTooLong)),
    Case("refusal.sse", .text("I'm sorry, I can't"), .text(" help with that."), .finish(.stop)),
    Case("tool_calls.sse", .finish(.toolCalls)),
    Case("no_done.sse", .text("All of it"), .finish(.stop)),
    Case("no_last_blank_line.sse", .text("All of it"), .finish(.stop)),
    Case("eof.sse", .text("Cut"), .text(" here"), .failure(.truncated)),
    Case("eof_mid_event.sse", .text("Cut"), .failure(.truncated)),
    Case("done_only.sse", .failure(.truncated)),
    Case("done_without_finish.sse", .text("Short"), .finish(.stop)),
    Case("after_done.sse", .text("Short"), .finish(.stop)),
    Case("garbage.sse", .text("Then"), .failure(.malformed)),
    Case("not_an_object.sse", .failure(.malformed)),
    Case(
      "surrogates.sse", .text("😀"), .text("half \u{FFFD}"), .text("\u{FFFD} other"), .text("\0nul \u{2028}"),
      .text("\"q\" \\ / \t"), .text("ש 👨‍👩‍👧"), .finish(.stop)),
    Case("several_choices.sse", .text("zero"), .finish(.length)),
    Case("noise.sse", .text("joined"), .finish(.stop)),
    Case(
      "openai.json", .usage(Usage(inputTokens: 19, outputTokens: 10, cachedTokens: 0, reasoningTokens: 0)),
      .text("Hello! How can I assist you today? 👋"), .finish(.stop)),
    Case("reasoning.json", .reasoning("Easy."), .text("Yes."), .finish(.length)),
    Case("refusal.json", .text("No."), .finish(.stop)),
    Case("error.json", .failure(.rateLimited)),
    Case("cut.json", .failure(.malformed)),
    Case("no_message.json", .failure(.malformed)),
  ]

  @Test(arguments: cases, Fixture.LineEnd.allCases)
  func saysTheSameHoweverItIsCut(_ answer: Case, lineEnd: Fixture.LineEnd) throws {
    let bytes = try Fixture(answer.file).ending(lines: lineEnd)
    func transcript(_ pieces: [ArraySlice<UInt8>]) -> [Transcript.Event] {
      Transcript(of: OpenAIDriver(), streaming: answer.streaming, pieces).events
    }
    #expect(transcript([bytes[...]]) == answer.events)
    #expect(transcript(bytes.indices.map { bytes[$0...$0] }) == answer.events, "byte by byte")
    for cut in 0...bytes.count {
      let events = transcript([bytes[..<cut], bytes[cut...]])
      guard events == answer.events else {
        Issue.record("cut at \(cut): \(events)")
        return
      }
    }
  }

  @Test func everyFixtureIsRead() throws {
    #expect(Set(try Fixture.names().filter { !$0.hasPrefix("request_") }) == Set(Self.cases.map(\.file)))
  }

  @Test func aLineOfSixteenMebibytesIsRead() {
    let (head, tail) = (#"data: {"choices":[{"delta":{"content":""#, #""},"finish_reason":"stop"}]}"#)
    func transcript(lineLength: Int, piece: Int) -> [Transcript.Event] {
      let filling = [UInt8](repeating: 0x61, count: lineLength - head.utf8.count - tail.utf8.count)
      let bytes = Array(head.utf8) + filling + Array(tail.utf8) + Array("\n\n".utf8)
      let pieces = stride(from: 0, to: bytes.count, by: piece).map { bytes[$0..<min(bytes.count, $0 + piece)] }
      return Transcript(of: OpenAIDriver(), streaming: true, pieces).events
    }
    let limit = 16 << 20
    for piece in [16_384, 2 * limit] {
      let events = transcript(lineLength: limit, piece: piece)
      guard events.count == 2, case .text(let text) = events[0] else {
        Issue.record("\(events.count) events")
        return
      }
      #expect(text.utf8.count == limit - head.utf8.count - tail.utf8.count)
      #expect(events[1] == .finish(.stop))
      #expect(transcript(lineLength: limit + 1, piece: piece) == [.failure(.malformed)])
    }
  }

  @Test func aBodyOfMoreThanSixteenMebibytesIsMalformed() {
    let piece = [UInt8](repeating: 0x20, count: 1 << 20)
    let transcript = Transcript(of: OpenAIDriver(), streaming: false, (0..<17).map { _ in piece[...] })
    #expect(transcript.events == [.failure(.malformed)])
  }

  @Test func commentsAreNoData() throws {
    var decoder = OpenAIDriver().decoder(streaming: true)
    var sink = Transcript(of: OpenAIDriver(), streaming: true, [])
    func sawData(_ text: String) throws -> Bool {
      try Array(text.utf8).withUnsafeBytes { try decoder.feed($0, to: &sink) }
      return decoder.sawData
    }
    #expect(try !sawData(": OPENROUTER PROC"))
    #expect(try !sawData("ESSING\n\n"))
    #expect(try !sawData(""))
    #expect(try sawData("da"))
    #expect(try sawData(#"ta: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#))
    #expect(!decoder.sawFinish)
    #expect(try !sawData("\n\n:\n\n"))
    #expect(decoder.sawFinish)
  }

  @Test func whiteSpaceIsNoDataInABody() throws {
    var decoder = OpenAIDriver().decoder(streaming: false)
    var sink = Transcript(of: OpenAIDriver(), streaming: false, [])
    try Array(" \n".utf8).withUnsafeBytes { try decoder.feed($0, to: &sink) }
    #expect(!decoder.sawData)
    try Array("{".utf8).withUnsafeBytes { try decoder.feed($0, to: &sink) }
    #expect(decoder.sawData)
  }

  @Test(arguments: [true, false])
  func arbitraryBytesNeverTrap(streaming: Bool) throws {
    var dice = SplitMix(seed: 42)
    let samples = try Self.cases.filter { $0.streaming == streaming }.map { try Fixture($0.file).bytes }
    for _ in 0..<3_000 {
      var bytes = samples.randomElement(using: &dice) ?? []
      for _ in 0..<Int.random(in: 1...8, using: &dice) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &dice)
        switch Int.random(in: 0..<3, using: &dice) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &dice)
        case 1: bytes.removeSubrange(index..<min(bytes.count, index + 7))
        default: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 9)], at: index)
        }
      }
      let cut = Int.random(in: 0...bytes.count, using: &dice)
      let pieces = Transcript(of: OpenAIDriver(), streaming: streaming, [bytes[..<cut], bytes[cut...]])
      #expect(pieces == Transcript(of: OpenAIDriver(), streaming: streaming, [bytes[...]]))
    }
  }
}
