import Chat
import Testing

@testable import Store

/// An identity's conversations, as lists, pages and facts.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct ConversationTests {
  @Test func `the list is paged newest first, without gap or repetition, ties among them`() async throws {
    try await withSite { site in
      var made: [ID] = []
      for number in 1...5 { made.append(try await site.say("u\(number)", "a").conversation) }
      // Three were active in the same microsecond.
      try await site.change(
        """
        update sluice.conversation set updated_at = '2026-01-01 00:00:00.123457+00'
        where id = any ($1::uuid[])
        """, .ids(Array(made[1...3])))
      let stranger = ID.random()
      try await site.change("insert into sluice.identity (id, kind) values ($1::uuid, 'person')", .id(stranger))
      guard case .started = try await StartStore(site.app).start(site.ask("theirs", of: stranger)) else {
        Issue.record("not started")
        return
      }
      let expected = [made[4], made[0]] + made[1...3].sorted(by: >)
      let store = ConversationStore(site.app)
      for limit in 1...6 {
        var seen: [ConversationStore.Summary] = []
        var page: TimelinePage<ConversationStore.Summary>
        repeat {
          page = try await store.list(identity: site.identity, before: seen.last?.position, limit: limit)
          #expect(page.rows.count == limit || !page.more)
          seen += page.rows
        } while page.more && seen.count < 20
        #expect(seen.map(\.id) == expected)
        #expect(seen.last?.updatedAt == 1_767_225_600_123_457)
      }
      let all = try await store.list(identity: site.identity, before: nil, limit: 100)
      #expect(!all.more)
      #expect(all.rows.allSatisfy { $0.surface == site.surface.description && $0.liveTurn == nil })
      #expect(try await store.list(identity: ID.random(), before: nil, limit: 10).rows.isEmpty)
    }
  }

  @Test func `a title is the first question's beginning on one line`() async throws {
    try await withSite { site in
      let store = ConversationStore(site.app)
      func title(_ parts: String, then more: Bool = false) async throws -> String? {
        var start = site.ask("")
        start.parts = Array(parts.utf8)
        guard case .started = try await StartStore(site.app).start(start) else { return "not started" }
        if more {
          try await site.answer(start, "the answer")
          _ = try await site.say("later", "x", in: start.conversation)
          _ = try await site.say("later root", "x", in: start.conversation, after: .root)
        }
        let list = try await store.list(identity: site.identity, before: nil, limit: 10)
        let found = try #require(list.rows.first { $0.id == start.conversation })
        #expect(found.liveTurn == (more ? nil : start.turn))
        return found.title
      }
      let long = String(repeating: "ä", count: 81)
      // Random, so that it stays large when it is stored.
      let letters = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
      let data = String((0..<200_000).map { _ in letters[Int.random(in: letters.indices)] })
      let titles = [
        try await title(#"[{"type":"text","text":"Hello"}]"#, then: true),
        try await title(
          #"[{"type":"text","text":"\n a\n\n b"},{"type":"image","url":"u"},{"type":"text","text":"c "}]"#),
        try await title(#"[{"type":"image","url":"https://example.org"}]"#),
        try await title(#"[{"type":"text","text":"  "}]"#),
        try await title(#"[{"type":"text","text":"\#(long)"}]"#),
        try await title(#"[{"type":"text","text":"see"},{"type":"image","media_type":"image/png","data":"\#(data)"}]"#),
      ]
      #expect(titles == ["Hello", "a b c", nil, nil, String(long.dropLast()), nil])
    }
  }

  @Test func `the facts name the live turn with its epoch, to the identity alone`() async throws {
    try await withSite { site in
      let store = ConversationStore(site.app)
      let start = site.ask("one")
      guard case .started = try await StartStore(site.app).start(start) else {
        Issue.record("not started")
        return
      }
      try await site.change("update sluice.turn set epoch = 3 where id = $1::uuid", .id(start.turn))
      let live = try #require(try await store.read(start.conversation, identity: site.identity))
      #expect(live.live?.turn == start.turn && live.live?.epoch == 3)
      #expect(live.surface == site.surface.description && live.updatedAt >= live.createdAt)
      try await site.change("update sluice.turn set epoch = 1 where id = $1::uuid", .id(start.turn))
      try await site.answer(start, "1")
      let ended = try #require(try await store.read(start.conversation, identity: site.identity))
      #expect(ended.live == nil && ended.updatedAt > live.updatedAt && ended.createdAt == live.createdAt)
      #expect(try await store.read(start.conversation, identity: ID.random()) == nil)
      #expect(try await store.read(ID.random(), identity: site.identity) == nil)
    }
  }

  @Test func `messages come in pages newest first, each with how its turn stands`() async throws {
    try await withSite { site in
      let store = ConversationStore(site.app)
      let first = try await site.say("one", "1")
      let second = try await site.say("two", "2", in: first.conversation, after: .root)
      let third = site.ask("three", in: first.conversation)
      guard case .started = try await StartStore(site.app).start(third) else {
        Issue.record("not started")
        return
      }
      // All in one microsecond but the last.
      try await site.change(
        "update sluice.message set created_at = '2026-01-01' where conversation_id = $1::uuid and id <> $2::uuid",
        .id(first.conversation), .id(third.userMessage))
      let older = [first.userMessage, first.assistantMessage, second.userMessage, second.assistantMessage]
      let expected = [third.userMessage] + older.sorted(by: >)
      for limit in 1...6 {
        var seen: [ConversationStore.Message] = []
        var page: TimelinePage<ConversationStore.Message>
        repeat {
          page = try await store.messages(
            of: first.conversation, identity: site.identity, before: seen.last?.position, limit: limit)
          seen += page.rows
        } while page.more && seen.count < 20
        #expect(seen.map(\.id) == expected)
      }
      let all = try await store.messages(of: first.conversation, identity: site.identity, before: nil, limit: 9).rows
      let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
      let question = try #require(byID[third.userMessage])
      #expect(question.parent == second.assistantMessage && question.role == "user")
      #expect(String(decoding: question.parts, as: UTF8.self) == #"[{"text": "three", "type": "text"}]"#)
      #expect(question.turn == third.turn && question.state == .streaming && question.finishReason == nil)
      let answer = try #require(byID[first.assistantMessage])
      #expect(answer.parent == first.userMessage && answer.role == "assistant")
      #expect(answer.turn == first.turn && answer.state == .done && answer.finishReason == .stop)
      #expect(byID[second.userMessage]?.parent == nil)

      let foreign = try await store.messages(of: first.conversation, identity: ID.random(), before: nil, limit: 9)
      #expect(foreign.rows.isEmpty && !foreign.more)
    }
  }

  @Test func `a page of large messages is shorter, but never empty`() async throws {
    try await withSite { site in
      let store = ConversationStore(site.app)
      let large = String(repeating: "x", count: 5 << 20)
      let first = try await site.say("small", large)
      _ = try await site.say("small", "small", in: first.conversation)
      var counts: [Int] = []
      var last: TimelinePosition?
      var page: TimelinePage<ConversationStore.Message>
      repeat {
        page = try await store.messages(of: first.conversation, identity: site.identity, before: last, limit: 50)
        last = page.rows.last?.position
        counts.append(page.rows.count)
      } while page.more && counts.count < 10
      #expect(counts == [2, 1, 1])
    }
  }
}
