import FoundationEssentials
import NIOCore
import NIOHTTP1
import Testing

@testable import sluice_sim

@Suite struct JournalTests {
  private struct Entry: Decodable {
    let model: String
    let end: String?
    let endedMs: Int?
    let authorization: Bool
    let tokensSent: Int
    let text: String
    let followed: Int
    let port: Int
    let connection: Int
    let clientSubject: String?
  }

  private static func entries(_ journal: Journal, model: String? = nil) throws -> [Entry] {
    try JSONDecoder().decode([Entry].self, from: Data(journal.json(model: model).utf8))
  }

  private static func route(_ journal: Journal, key: String? = nil) -> ChatRoute {
    ChatRoute(apiKey: key, rate: 1, journal: journal)
  }

  private static func answer(
    _ route: ChatRoute, _ body: ByteBuffer, key: String? = nil, peer: Peer = Peer()
  ) -> Answer {
    let headers = HTTPHeaders(key.map { [("authorization", "Bearer \($0)")] } ?? [])
    return route.answer(OpenAIChat(), headers, body: body, peer: peer)
  }

  private static func body(_ model: String) -> ByteBuffer {
    ByteBuffer(string: "{\"model\":\"\(model)\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}")
  }

  @Test func anExchangeShowsTheTextSentSoFarAndEndsOnce() throws {
    let journal = Journal()
    let answer = Self.answer(Self.route(journal), Self.body("x"))
    let exchange = try #require(answer.exchange)
    exchange.sent(tokens: 2)
    #expect(journal.streams(model: nil).open == 1)
    #expect(try Self.entries(journal).first?.end == nil)
    journal.end(exchange, .clientClosed)
    journal.end(exchange, .completed)
    #expect(journal.streams(model: nil).open == 0)
    let entry = try #require(try Self.entries(journal).first)
    #expect(entry.end == "client_closed")
    #expect(entry.endedMs != nil)
    #expect(entry.text == "Some gates")
  }

  @Test func theOldestGoAndTheFilterIsExact() throws {
    let journal = Journal()
    for number in 0...Journal.capacity {
      _ = Self.answer(Self.route(journal), Self.body("m\(number)"))
    }
    #expect(try Self.entries(journal).count == Journal.capacity)
    #expect(try Self.entries(journal, model: "m0").isEmpty)
    #expect(try Self.entries(journal, model: "m1").count == 1)
    journal.clear()
    #expect(journal.json(model: nil) == "[]\n")
  }

  @Test(arguments: ["{", "\"\u{1}", "{\"model\":1}", ""]) func whatCannotBeReadIsRefusedAndKeptAsText(body: String)
    throws
  {
    let journal = Journal()
    let answer = Self.answer(Self.route(journal), ByteBuffer(string: body))
    #expect(Array(IteratorSequence(AnyIterator(answer.cues))) == OpenAIChat().refuse(.notJSON))
    #expect(try Self.entries(journal).count == 1)
  }

  @Test func theKeyIsCheckedAndNeverKept() throws {
    let journal = Journal()
    let route = Self.route(journal, key: "sk-right")
    func cues(_ key: String?) -> [Cue] {
      Array(IteratorSequence(AnyIterator(Self.answer(route, Self.body("x"), key: key).cues)))
    }
    #expect(cues(nil) == OpenAIChat().refuse(.missingKey))
    #expect(cues("sk-wrong") == OpenAIChat().refuse(.wrongKey))
    #expect(cues("sk-right").last?.action == .end(.completed))
    #expect(try Self.entries(journal).map(\.authorization) == [false, true, true])
    #expect(!journal.json(model: nil).contains("sk-right"))
  }

  @Test func aFollowedRedirectIsCountedAtItsExchange() throws {
    let journal = Journal()
    let route = Self.route(journal)
    let answer = Self.answer(route, Self.body("x;fault=status;status=307"))
    _ = Self.answer(route, Self.body("x;fault=status;status=307"))
    var cues = answer.cues
    guard case .head(let head) = cues.next()?.action else {
      Issue.record("no head")
      return
    }
    let location = try #require(head.location)
    #expect(location.hasPrefix(Script.redirected))
    #expect(try Self.entries(journal).map(\.followed) == [0, 0])
    #expect(journal.follow(id: String(location.dropFirst(Script.redirected.count))))
    #expect(!journal.follow(id: "chatcmpl-other"))
    #expect(try Self.entries(journal).map(\.followed) == [1, 0])
  }

  @Test func anExchangeTellsWhereItCameIn() throws {
    let journal = Journal()
    let peer = Peer(port: 8443, connection: 7, subject: "CN=\"a\"")
    _ = Self.answer(Self.route(journal), Self.body("x"), peer: peer)
    let entry = try #require(try Self.entries(journal).first)
    #expect(Peer(port: entry.port, connection: entry.connection, subject: entry.clientSubject) == peer)
  }

  @Test func imagesAreKeptWhole() throws {
    let journal = Journal()
    let image = "data:image/png;base64," + String(repeating: "A", count: 1 << 20)
    let body =
      #"{"model":"x","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":""# + image
      + #""}}]}]}"#
    _ = Self.answer(Self.route(journal), ByteBuffer(string: body))
    #expect(journal.json(model: "x").contains(body))
  }
}
