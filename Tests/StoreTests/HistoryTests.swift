import Chat
import Testing

@testable import Store

/// How much of a conversation goes to the provider.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct HistoryTests {
  /// Three turns of one token a message; the third was cancelled before it had text.
  private func talk(_ site: Site) async throws -> ID {
    let first = try await site.say("u1", "a1")
    _ = try await site.say("u2", "a2", in: first.conversation)
    let cut = site.ask("u3", in: first.conversation)
    _ = try await site.history(of: cut)
    return first.conversation
  }

  /// A limit that cuts through a turn drops the whole of it.
  @Test(arguments: [
    (1, "u4"), (2, "u3 u4"), (3, "u3 u4"), (4, "u2 a2 u3 u4"), (5, "u2 a2 u3 u4"), (6, "u1 a1 u2 a2 u3 u4"),
    (100, "u1 a1 u2 a2 u3 u4"),
  ])
  func `the oldest turns drop whole, by messages or by tokens`(limit: Int, kept: String) async throws {
    try await withSite { site in
      let conversation = try await talk(site)
      for column in ["history_limit", "history_token_limit"] {
        try await site.configure(model: "history_limit = 100, history_token_limit = null")
        try await site.configure(model: "\(column) = \(limit)")
        let question = site.ask("u4", in: conversation, after: .message(try await newest(site, conversation)))
        let history = try await site.history(of: question)
        #expect(history.map { String($0.split(separator: " ")[1]) }.joined(separator: " ") == kept, "\(column)")
        #expect(history.first?.hasPrefix("user") == true)
      }
    }
  }

  /// The message of the third question: those of this test that follow it are branches.
  private func newest(_ site: Site, _ conversation: ID) async throws -> ID {
    let found = try await site.change(
      "select id from sluice.message where conversation_id = $1::uuid and parts->0->>'text' = 'u3'", .id(conversation))
    return try #require(found.id(0, 0))
  }

  @Test(arguments: [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("ääää", 2), ("👩‍👩‍👧", 5), ("\\u00e9\\u00e9x", 2)])
  func `the database counts as the program does`(text: String, tokens: Int) async throws {
    try await withSite { site in
      let plain = text.replacing("\\u00e9", with: "é")
      #expect(TokenEstimate.of(text: plain.utf8.count, images: 0) == tokens)
      let first = try await site.say(text, "1234")
      // That answer is one token, the next question one more.
      for (limit, count) in [(tokens + 2, 3), (tokens + 1, 1)] {
        try await site.configure(model: "history_token_limit = \(max(1, limit))")
        let next = site.ask("next", in: first.conversation, after: .message(first.assistantMessage))
        #expect(try await site.history(of: next).count == count, "\(limit)")
      }
    }
  }

  @Test func `an image counts a thousand, however it is given, and its parts come back`() async throws {
    try await withSite { site in
      var first = site.ask("")
      first.parts = Array(
        #"""
        [{"type":"image","url":"https://example.org/a.png"},{"type":"text","text":"abcd"},
         {"type":"image","media_type":"image/png","data":"aGVsbG8="},{"type":"later","text":"not counted"}]
        """#.utf8)
      first.estimatedTokens = TokenEstimate.of(text: 4, images: 2)
      #expect(first.estimatedTokens == 2_001)
      guard case .started(_, let alone, _) = try await StartStore(site.app).start(first) else {
        Issue.record("not started")
        return
      }
      let written = try await site.value(
        "select $1::jsonb = parts from sluice.message where conversation_id = $2::uuid", .utf8(alone[0].parts),
        .id(first.conversation))
      #expect(written == "t")
      try await site.answer(first, "a")
      for (limit, count) in [(2_003, 3), (2_002, 1)] {
        try await site.configure(model: "history_token_limit = \(limit)")
        let next = site.ask("u", in: first.conversation, after: .message(first.assistantMessage))
        #expect(try await site.history(of: next).count == count)
      }
    }
  }

  @Test func `a history is never more than sixteen mebibytes, whatever the model allows`() async throws {
    try await withSite { site in
      let first = try await site.say("u1", "a1")
      let large = String(repeating: "x", count: 7 << 20)
      try await site.change(
        """
        insert into sluice.message (conversation_id, id, parent_id, role, parts, created_at)
        select $1::uuid, id, lag(id, 1, $2::uuid) over (order by place), role, jsonb_build_array($3::jsonb), now()
        from (values (1, gen_random_uuid(), 'user'), (2, gen_random_uuid(), 'assistant'), (3, gen_random_uuid(), 'user'))
          as item (place, id, role)
        """, .id(first.conversation), .id(first.assistantMessage),
        .utf8(Array(#"{"type":"text","text":"\#(large)"}"#.utf8)))
      let newest = try await site.change(
        """
        select m.id from sluice.message m
        where m.conversation_id = $1::uuid
          and not exists (select from sluice.message n where n.conversation_id = $1::uuid and n.parent_id = m.id)
        """, .id(first.conversation))
      let next = site.ask("u3", in: first.conversation, after: .message(try #require(newest.id(0, 0))))
      // Two large ones fit, but the older of them is the middle of a turn.
      #expect(try await site.history(of: next).count == 2)
    }
  }
}
