import FoundationEssentials
import NIOCore
import Testing

@testable import sluice_sim

@Suite struct ScriptTests {
  static let garbage = #"{"id":"chatcmpl-","choices":[{"index":0,"del"#

  static func script(
    _ model: String, usage: Bool = false, limit: Int? = nil, dialect: any Dialect = OpenAIChat()
  ) throws -> Script {
    let scenario = try Scenario(model: model, rate: 10)
    let request = ChatRequest(
      model: "m\"x", messages: [ChatRequest.Message(role: "user", text: "one two")], stream: true,
      includesUsage: usage, tokenLimit: limit)
    return Script(
      scenario: scenario, reply: Reply(scenario, request, id: "chatcmpl-1", serial: 1, created: 7), dialect: dialect)
  }

  static func cues(
    _ model: String, stream: Bool = true, usage: Bool = false, limit: Int? = nil, dialect: any Dialect = OpenAIChat()
  ) throws -> [Cue] {
    let script = try script(model, usage: usage, limit: limit, dialect: dialect)
    return Array(IteratorSequence(AnyIterator(script.cues(stream: stream))))
  }

  static func bytes(_ cues: [Cue]) -> [UInt8] {
    var bytes: [UInt8] = []
    for case .write(let piece, _) in cues.map(\.action) { bytes += piece.readableBytesView }
    return bytes
  }

  static func body(_ cues: [Cue]) -> String {
    var bytes = ByteBuffer()
    for case .write(let piece, _) in cues.map(\.action) { bytes.writeImmutableBuffer(piece) }
    return String(buffer: bytes)
  }

  static func tokens(_ cues: [Cue]) -> Int {
    cues.reduce(0) { sum, cue in if case .write(_, let tokens) = cue.action { sum + tokens } else { sum } }
  }

  private static let lead =
    #"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m\"x","#
    + #""service_tier":"default","system_fingerprint":"fp_51u1ce51m0","#

  private static func chunk(_ delta: String, _ finish: String = "null", usage: String = "") -> String {
    lead + #""choices":[{"index":0,"delta":"# + delta + #","logprobs":null,"finish_reason":"# + finish + "}]"
      + usage + "}\n\n"
  }

  private static let role = chunk(#"{"role":"assistant","content":"","refusal":null}"#)

  @Test func aStreamIsTheWireFormatToTheByte() throws {
    let cues = try Self.cues("x;tokens=2")
    #expect(
      Self.body(cues) == Self.role + Self.chunk(#"{"content":"Some"}"#) + Self.chunk(#"{"content":" gates"}"#)
        + Self.chunk("{}", #""stop""#) + "data: [DONE]\n\n")
    #expect(cues.first?.action == .head(Cue.Head(contentType: "text/event-stream; charset=utf-8")))
    #expect(cues.last?.action == .end(.completed))
    #expect(Self.tokens(cues) == 2)
  }

  @Test func usageComesOnlyWhenAskedForInAChunkWithoutChoices() throws {
    let body = Self.body(try Self.cues("x;tokens=2", usage: true))
    #expect(body.contains(Self.chunk("{}", #""stop""#, usage: #","usage":null"#)))
    let last = body.split(separator: "\n\n").dropLast().last
    #expect(last?.hasPrefix(Self.lead + #""choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"#) == true)
  }

  @Test func aTokenLimitFinishesWithLength() throws {
    let body = Self.body(try Self.cues("x;tokens=9", limit: 1))
    #expect(body.hasSuffix(Self.chunk("{}", #""length""#) + "data: [DONE]\n\n"))
  }

  @Test func aTokenThatTellsTheTimeIsLeftOpenForIt() throws {
    let cues = try Self.cues("x;text=clock;tokens=3;rate=10")
    let clocks = cues.compactMap { cue -> String? in
      guard case .clock(let before, let after) = cue.action else { return nil }
      return "\(cue.at.nanoseconds / 1_000_000) " + String(buffer: before) + "7 " + String(buffer: after)
    }
    #expect(clocks == [0, 100, 200].map { "\($0) " + Self.chunk(#"{"content":"7 "}"#) })
    #expect(Self.body(cues) == Self.role + Self.chunk("{}", #""stop""#) + "data: [DONE]\n\n")
  }

  @Test func tokensKeepTheRateAndBatchesComeTogether() throws {
    let times = try Self.cues("x;tokens=5;delay=100;first=50;batch=2").map { Int($0.at.nanoseconds / 1_000_000) }
    // Head, role, three batches at 10 tokens a second, the closing with the last of them, the end.
    #expect(times == [100, 100, 150, 350, 550, 550, 0])
    #expect(try Self.cues("x;tokens=3;rate=0").allSatisfy { $0.at == .zero })
  }

  @Test func theUnstreamedAnswerHasTheSameTextAndTakesAsLong() throws {
    struct Object: Decodable {
      struct Choice: Decodable { let message: Message }
      struct Message: Decodable { let content: String }
      let choices: [Choice]
    }
    let cues = try Self.cues("x;tokens=60;text=nasty", stream: false)
    let object = try JSONDecoder().decode(Object.self, from: Data(Self.body(cues).utf8))
    let text = try Self.script("x;tokens=60;text=nasty").reply.text.joined(first: 60)
    #expect(object.choices.first.map { Array($0.message.content.utf8) } == Array(text.utf8))
    #expect(cues.first?.at == .seconds(6))
    #expect(cues.last?.action == .end(.completed))
  }

  @Test(arguments: [
    ("reset", Cue.Action.reset), ("cut", .cut), ("eof", .end(.fault)), ("stall", .hold), ("error", .end(.fault)),
  ])
  func aFaultStrikesAfterItsTokens(fault: String, last: Cue.Action) throws {
    let cues = try Self.cues("x;fault=\(fault);after=3;batch=2")
    #expect(Self.tokens(cues) == 3)
    #expect(cues.last?.action == last)
    #expect(!Self.body(cues).contains("[DONE]"))
    #expect(!Self.body(cues).contains(#""finish_reason":""#))
    #expect(Self.body(cues).contains(#"data: {"error":"#) == (fault == "error"))
  }

  @Test func aTextShorterThanTheFaultsPlaceBringsTheFaultAtItsEnd() throws {
    let cues = try Self.cues("x;fault=reset;after=50;tokens=2")
    #expect(Self.tokens(cues) == 2)
    #expect(cues.last?.action == .reset)
  }

  @Test func garbageStandsBetweenTokensAndTheAnswerGoesOn() throws {
    let body = Self.body(try Self.cues("x;fault=garbage;after=1;tokens=2"))
    let garbage = "data: \(Self.garbage)\n\n"
    #expect(
      body == Self.role + Self.chunk(#"{"content":"Some"}"#) + garbage + Self.chunk(#"{"content":" gates"}"#)
        + Self.chunk("{}", #""stop""#) + "data: [DONE]\n\n")
  }

  @Test func nodoneLeavesOutOnlyTheLastLine() throws {
    let cues = try Self.cues("x;fault=nodone;tokens=1")
    #expect(Self.body(cues).hasSuffix(Self.chunk("{}", #""stop""#)))
    #expect(cues.last?.action == .end(.fault))
  }

  @Test(arguments: [true, false]) func anErrorStatusComesBeforeAnyToken(stream: Bool) throws {
    let cues = try Self.cues("x;fault=status;status=429;delay=5", stream: stream)
    let body = Self.body(cues)
    let head = Cue.Head(status: 429, length: body.utf8.count, retryAfter: .seconds(1))
    #expect(cues.first == Cue(at: .milliseconds(5), action: .head(head)))
    #expect(body.contains(#""code": "rate_limit_exceeded""#))
    #expect(try Self.cues("x;fault=stallheaders", stream: stream).map(\.action) == [.hold])
  }

  @Test(arguments: [1, 2, 3, 7, 100]) func splittingChangesNoByteAndNoCount(size: Int) throws {
    let whole = try Self.cues("x;text=nasty;tokens=20")
    let split = try Self.cues("x;text=nasty;tokens=20;split=\(size)")
    #expect(Self.body(split) == Self.body(whole))
    #expect(Self.tokens(split) == 20)
    for case .write(let piece, _) in split.map(\.action) { #expect(piece.readableBytes <= size) }
  }
}
