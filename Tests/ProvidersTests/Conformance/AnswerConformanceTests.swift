import Chat
import Providers
import TestSupport
import Testing

/// What holds for the decoder of every driver.
@Suite struct AnswerConformanceTests {
  static let answers = DriverCase.all.flatMap { driver in driver.answers.map { (driver, $0) } }

  @Test(arguments: answers)
  func anAnswerSaysTheSameHoweverItIsCut(_ driver: DriverCase, _ answer: DriverCase.Answer) throws {
    let fixture = try driver.fixture(answer.file).bytes
    let ends = driver.framing == .frames && answer.streaming ? [LineEnd.lf] : LineEnd.allCases
    for end in ends {
      let bytes = end.ending(fixture)
      func events(_ pieces: [ArraySlice<UInt8>]) -> [Transcript.Event] {
        Transcript(of: driver.driver, streaming: answer.streaming, pieces).events
      }
      #expect(events([bytes[...]]) == answer.events, "\(end)")
      #expect(events(bytes.indices.map { bytes[$0...$0] }) == answer.events, "\(end), byte by byte")
      for cut in 0...bytes.count {
        let found = events([bytes[..<cut], bytes[cut...]])
        guard found == answer.events else {
          Issue.record("\(end), cut at \(cut): \(found)")
          return
        }
      }
    }
  }

  @Test(arguments: DriverCase.all)
  func everyFileIsRead(_ driver: DriverCase) throws {
    let files = try Fixture.names(in: driver.folder).filter { !$0.hasPrefix("request") }
    #expect(Set(files) == Set(driver.answers.map(\.file) + [driver.stream, "scripted.json"]))
  }

  @Test(arguments: DriverCase.all)
  func allDriversReadTheScriptedAnswerAlike(_ driver: DriverCase) throws {
    for file in [driver.stream, "scripted.json"] {
      let bytes = try driver.fixture(file).bytes
      let transcript = Transcript(of: driver.driver, streaming: file != "scripted.json", [bytes[...]])
      var content = transcript.content
      content.usage?.cachedTokens = nil
      content.usage?.reasoningTokens = nil
      #expect(content == DriverCase.scripted, "\(file)")
      let ids = transcript.events.compactMap { event in
        if case .toolCall(_, let id, _, _) = event { id } else { nil }
      }
      #expect(Set(ids).count == 2, "\(file): every call has an id of its own")
      #expect(transcript.events.last == .finish(.toolCalls))
    }
  }

  @Test(arguments: DriverCase.all)
  func aCutStreamIsNoSuccess(_ driver: DriverCase) throws {
    let bytes = try driver.fixture(driver.stream).bytes
    for end in bytes.indices {
      let content = Transcript(of: driver.driver, streaming: true, [bytes[..<end]]).content
      if content.failure != nil {
        #expect(content.failure == .truncated, "cut at \(end)")
        #expect(DriverCase.scripted.text.utf8.starts(with: content.text.utf8))
        continue
      }
      // What is missing is the end of the last line, or usage where the finish reason is the end.
      var expected = DriverCase.scripted
      if !driver.hasEndMark { expected.usage = content.usage }
      var found = content
      found.usage?.cachedTokens = nil
      found.usage?.reasoningTokens = nil
      if !driver.hasEndMark { expected.usage = found.usage }
      guard found == expected else {
        Issue.record("cut at \(end), a success: \(content)")
        return
      }
    }
  }

  @Test(arguments: DriverCase.all)
  func aCutBodyIsNoSuccess(_ driver: DriverCase) throws {
    let text = try driver.fixture("scripted.json").text
    let bytes = Array(text.utf8)
    for end in bytes.indices {
      #expect(Transcript(of: driver.driver, streaming: false, [bytes[..<end]]).content.failure != nil, "cut at \(end)")
    }
  }

  @Test(arguments: DriverCase.all)
  func sixteenMebibytesAreRead(_ driver: DriverCase) {
    let limit = 16 << 20
    for piece in [16_384, 2 * limit] {
      func content(_ length: Int) -> (Transcript.Content, Int) {
        let (bytes, text) = driver.long(length)
        let pieces = stride(from: 0, to: bytes.count, by: piece).map { bytes[$0..<min(bytes.count, $0 + piece)] }
        return (Transcript(of: driver.driver, streaming: true, pieces).content, text)
      }
      let (whole, text) = content(limit)
      #expect(whole.failure == nil && whole.finish == .stop)
      #expect(whole.text.utf8.count == text)
      #expect(content(limit + 1).0.failure == .malformed)
    }
  }

  @Test(arguments: DriverCase.all)
  func aBodyOfMoreThanSixteenMebibytesIsMalformed(_ driver: DriverCase) {
    let piece = [UInt8](repeating: 0x20, count: 1 << 20)
    let transcript = Transcript(of: driver.driver, streaming: false, (0..<17).map { _ in piece[...] })
    #expect(transcript.events == [.failure(.malformed)])
  }

  @Test(arguments: DriverCase.all.filter { $0.framing == .events })
  func commentsAreNoData(_ driver: DriverCase) throws {
    let bytes = try driver.fixture(driver.stream).bytes
    var decoder = driver.driver.decoder(streaming: true)
    var sink = Transcript()
    func sawData(_ bytes: some Collection<UInt8>) throws -> Bool {
      try Array(bytes).withUnsafeBytes { try decoder.feed($0, to: &sink) }
      return decoder.sawData
    }
    #expect(try !sawData(": PROC".utf8))
    #expect(try !sawData("ESSING\n\n".utf8))
    #expect(try !sawData("".utf8))
    #expect(try sawData(bytes.prefix(3)))
    #expect(try sawData(bytes.dropFirst(3)))
    #expect(decoder.sawFinish)
    #expect(sink.content.text == DriverCase.scripted.text)
  }

  @Test(arguments: DriverCase.all)
  func whiteSpaceIsNoDataInABody(_ driver: DriverCase) throws {
    var decoder = driver.driver.decoder(streaming: false)
    var sink = Transcript()
    try Array(" \n".utf8).withUnsafeBytes { try decoder.feed($0, to: &sink) }
    #expect(!decoder.sawData)
    try Array("{".utf8).withUnsafeBytes { try decoder.feed($0, to: &sink) }
    #expect(decoder.sawData)
    #expect(sink.events.isEmpty)
  }

  @Test(arguments: DriverCase.all, [true, false])
  func arbitraryBytesNeverTrap(_ driver: DriverCase, streaming: Bool) throws {
    var dice = SplitMix(seed: 42)
    let files = driver.answers.map(\.file) + [driver.stream, "scripted.json"]
    let samples = try files.filter { $0.hasSuffix(".json") != streaming }.map { try driver.fixture($0).bytes }
    for _ in 0..<1_500 {
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
      let pieces = Transcript(of: driver.driver, streaming: streaming, [bytes[..<cut], bytes[cut...]])
      let whole = Transcript(of: driver.driver, streaming: streaming, [bytes[...]])
      #expect(pieces == whole)
      #expect(whole.content.finish != nil || whole.content.failure != nil)
    }
  }

  /// Blocks that the provider wants back, and the calls, stand in the next round's body as they came.
  @Test(arguments: DriverCase.all)
  func theNextRoundGivesBackWhatWasKept(_ driver: DriverCase) throws {
    let bytes = try driver.fixture(driver.stream).bytes
    var answer = AnswerMessage(driver: driver.driver.name)
    var decoder = driver.driver.decoder(streaming: true)
    try bytes.withUnsafeBytes { try decoder.feed($0, to: &answer) }
    try decoder.finish(to: &answer)
    let body = String(
      decoding: try driver.driver.request(for: driver.call(more: [answer.message])).body, as: UTF8.self)
    for event in Transcript(of: driver.driver, streaming: true, [bytes[...]]).events {
      switch event {
      case .keep(let block): #expect(body.contains(block))
      case .toolCall(_, _, let name, let signature):
        #expect(body.contains(name))
        if let signature { #expect(body.contains(signature)) }
      default: break
      }
    }
    #expect(body.contains("Köln") && body.contains("CET"))
  }
}
