import FoundationEssentials
import NIOCore
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
  }

  private static func entries(_ journal: Journal, model: String? = nil) throws -> [Entry] {
    try JSONDecoder().decode([Entry].self, from: Data(journal.json(model: model).utf8))
  }

  private static func route(_ journal: Journal, key: String? = nil) -> ChatRoute {
    ChatRoute(apiKey: key, rate: 1, journal: journal)
  }

  private static func body(_ model: String) -> ByteBuffer {
    ByteBuffer(string: "{\"model\":\"\(model)\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}")
  }

  @Test func anExchangeShowsTheTextSentSoFarAndEndsOnce() throws {
    let journal = Journal()
    let answer = Self.route(journal).answer(authorization: nil, body: Self.body("x"))
    let exchange = try #require(answer.exchange)
    exchange.sent(tokens: 2)
    #expect(journal.open == 1)
    #expect(try Self.entries(journal).first?.end == nil)
    journal.end(exchange, .clientClosed)
    journal.end(exchange, .completed)
    #expect(journal.open == 0)
    let entry = try #require(try Self.entries(journal).first)
    #expect(entry.end == "client_closed")
    #expect(entry.endedMs != nil)
    #expect(entry.text == "Some gates")
  }

  @Test func theOldestGoAndTheFilterIsExact() throws {
    let journal = Journal()
    for number in 0...Journal.capacity {
      _ = Self.route(journal).answer(authorization: nil, body: Self.body("m\(number)"))
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
    let answer = Self.route(journal).answer(authorization: nil, body: ByteBuffer(string: body))
    #expect(Array(IteratorSequence(AnyIterator(answer.cues))) == Cue.refusing(.notJSON))
    #expect(try Self.entries(journal).count == 1)
  }

  @Test func theKeyIsCheckedAndNeverKept() throws {
    let journal = Journal()
    let route = Self.route(journal, key: "sk-right")
    #expect(throws: Refusal.missingKey) { try route.admit(nil) }
    #expect(throws: Refusal.wrongKey) { try route.admit("Bearer sk-wrong") }
    #expect(throws: Never.self) { try route.admit("Bearer sk-right") }
    _ = route.answer(authorization: "Bearer sk-right", body: Self.body("x"))
    #expect(try Self.entries(journal).first?.authorization == true)
    #expect(!journal.json(model: nil).contains("sk-right"))
  }
}
