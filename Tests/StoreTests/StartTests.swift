import Chat
import Testing

@testable import Store

/// What a chat start takes, writes and refuses, and where its message stands.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct StartTests {
  @Test func `the plan holds all that the route and its credential say`() async throws {
    try await withSite { site in
      try await site.change(
        """
        with c as (
          insert into sluice.credential (name, reference, managed_domain, client_certificate, client_key, ca_bundle)
          values ($1, 'env:KEY', 'llm.example', 'file:/tls/client.pem', 'file:/tls/client key', 'file:/tls/ca.pem')
          returning id
        )
        update sluice.model_route
        set credential_id = c.id, connect_timeout_ms = 1, first_byte_timeout_ms = 2, first_token_timeout_ms = 3,
          idle_timeout_ms = 4, total_timeout_ms = 5, overrides = '{"a": 1}'
        from c, sluice.virtual_model m
        where m.id = model_id and m.name = $1
        """, .text(site.model))
      try await site.configure(
        model: """
          system_prompt = 'Be brief.', stream = false, durability = 'relaxed', reasoning = 'full', parameters = '{"b": 2}'
          """)
      let plan = try await site.plan()
      #expect(plan.model == site.model && !plan.streams && plan.systemPrompt == "Be brief.")
      #expect(plan.parameters == #"{"b": 2}"# && plan.routes[0].overrides == #"{"a": 1}"#)
      #expect(plan.durability == .relaxed && plan.reasoning == "full")
      #expect(
        plan.routes[0].driver == "openai" && plan.routes[0].providerModel == "raw"
          && plan.routes[0].region == "http://127.0.0.1:1")
      #expect(
        plan.routes[0].connectTimeout == 1 && plan.routes[0].firstByteTimeout == 2
          && plan.routes[0].firstTokenTimeout == 3)
      #expect(plan.routes[0].idleTimeout == 4 && plan.routes[0].totalTimeout == 5)
      #expect(
        plan.routes[0].credential?.secret == .reference("env:KEY")
          && plan.routes[0].credential?.managedDomain == "llm.example")
      #expect(
        plan.routes[0].credential?.clientCertificate
          == StartStore.ClientCertificate(certificate: "/tls/client.pem", key: "/tls/client key"))
      #expect(plan.routes[0].credential?.caBundle == "/tls/ca.pem")

      try await site.configure(model: "nopreprompt = true")
      #expect(try await site.plan().systemPrompt == nil)
    }
  }

  @Test func `what a route does not say has its default, and a certificate alone is a credential`() async throws {
    try await withSite { site in
      let plain = try await site.plan().routes[0]
      #expect(plain.firstByteTimeout == 60_000 && plain.firstTokenTimeout == 60_000 && plain.totalTimeout == nil)
      #expect(plain.credential == nil && plain.concurrencyLimit == nil && plain.httpVersion == 1)
      try await site.change(
        """
        with c as (
          insert into sluice.credential (name, client_certificate, client_key)
          values ($1, 'file:/client.pem', 'file:/client.key')
          returning id
        )
        update sluice.model_route set credential_id = c.id from c, sluice.virtual_model m
        where m.id = model_id and m.name = $1
        """, .text(site.model))
      let plan = try await site.plan()
      #expect(
        plan.routes[0].credential?.secret == nil && plan.routes[0].credential?.clientCertificate?.key == "/client.key"
          && plan.routes[0].credential?.caBundle == nil)
    }
  }

  @Test(arguments: ["first_byte_timeout_ms", "first_token_timeout_ms"])
  func `either limit of the first wait, given alone, holds for both`(column: String) async throws {
    try await withSite { site in
      try await site.change(
        "update sluice.model_route set \(column) = 120000 from sluice.virtual_model m where m.id = model_id and m.name = $1",
        .text(site.model))
      let plan = try await site.plan()
      #expect(plan.routes[0].firstByteTimeout == 120_000 && plan.routes[0].firstTokenTimeout == 120_000)
    }
  }

  @Test func `a message follows the newest one, none, or the one that is named`() async throws {
    try await withSite { site in
      let first = try await site.say("one", "1")
      let conversation = first.conversation
      let second = try await site.say("two", "2", in: conversation)
      let edit = try await site.say("two again", "2b", in: conversation, after: .message(first.assistantMessage))
      let root = try await site.say("anew", "3", in: conversation, after: .root)
      let unanswered = try await site.say("", "4", in: conversation, after: .message(root.userMessage))
      func parent(_ start: StartStore.Start) async throws -> ID? {
        try await site.change(
          "select parent_id from sluice.message where conversation_id = $1::uuid and id = $2::uuid",
          .id(conversation), .id(start.userMessage)
        ).id(0, 0)
      }
      #expect(try await parent(first) == nil)
      #expect(try await parent(second) == first.assistantMessage)
      #expect(try await parent(edit) == first.assistantMessage)
      #expect(try await parent(root) == nil)
      #expect(try await parent(unanswered) == root.userMessage)

      let branch = try await site.history(
        of: site.ask("three", in: conversation, after: .message(second.assistantMessage)))
      #expect(branch == ["user one", "assistant 1", "user two", "assistant 2", "user three"])
    }
  }

  @Test func `a named message that is not in the conversation takes nothing and writes nothing`() async throws {
    try await withSite { site in
      let mine = try await site.say("one", "1")
      let other = try await site.say("else", "2")
      let before = try await site.rows(of: mine.conversation)
      let touched = try await site.value(
        "select updated_at from sluice.conversation where id = $1::uuid", .id(mine.conversation))
      for message in [ID.random(), other.userMessage, mine.turn] {
        let start = site.ask("two", in: mine.conversation, after: .message(message), key: "k-\(ID.random())")
        guard case .noMessage = try await StartStore(site.app).start(start) else {
          Issue.record("\(message) was found")
          continue
        }
      }
      #expect(try await site.rows(of: mine.conversation) == before)
      let now = try await site.change(
        "select updated_at, live_turn from sluice.conversation where id = $1::uuid", .id(mine.conversation))
      #expect(now.string(0, 0) == touched && now.isNull(0, 1))

      let fresh = site.ask("two", after: .message(mine.userMessage), key: "fresh")
      guard case .noMessage = try await StartStore(site.app).start(fresh) else {
        Issue.record("a new conversation has no message to follow")
        return
      }
      #expect(try await site.rows(of: fresh.conversation) == [0, 0, 0, 0, 0])
    }
  }

  @Test func `another's conversation is absent, whatever is named in it`() async throws {
    try await withSite { site in
      let mine = try await site.say("one", "1")
      let stranger = ID.random()
      try await site.change("insert into sluice.identity (id, kind) values ($1::uuid, 'person')", .id(stranger))
      for after in [StartStore.After.newest, .root, .message(mine.userMessage), .message(ID.random())] {
        let start = site.ask("two", in: mine.conversation, after: after, of: stranger)
        guard case .noConversation = try await StartStore(site.app).start(start) else {
          Issue.record("\(after) was let in")
          continue
        }
      }
    }
  }

  @Test func `a message alone above the limit is refused, one at the limit is not`() async throws {
    try await withSite { site in
      try await site.configure(model: "history_token_limit = 10")
      let long = site.ask(String(repeating: "x", count: 41), key: "long")
      guard case .tooLong = try await StartStore(site.app).start(long) else {
        Issue.record("41 bytes are 11 tokens")
        return
      }
      #expect(try await site.rows(of: long.conversation) == [0, 0, 0, 0, 0])
      let keys = try await site.value(
        "select count(*) from sluice.idempotency where identity_id = $1::uuid", .id(site.identity))
      #expect(keys == "0")

      let first = try await site.say(String(repeating: "x", count: 40), "1")
      let next = site.ask(String(repeating: "x", count: 41), in: first.conversation)
      guard case .tooLong = try await StartStore(site.app).start(next) else {
        Issue.record("41 bytes are 11 tokens in a conversation, too")
        return
      }
      #expect(try await site.rows(of: first.conversation) == [1, 2, 1, 2, 0])
      _ = try await site.say("short", "2", in: first.conversation)
    }
  }

  @Test func `a repeated key finds its turn although the limit has come down since`() async throws {
    try await withSite { site in
      let start = site.ask("twelve bytes", key: "once")
      guard case .started = try await StartStore(site.app).start(start) else {
        Issue.record("not started")
        return
      }
      try await site.configure(model: "history_token_limit = 1")
      var again = site.ask("twelve bytes", key: "once")
      again.turn = ID.random()
      guard case .repeated(let turn, sameBody: true) = try await StartStore(site.app).start(again) else {
        Issue.record("not repeated")
        return
      }
      #expect(turn == start.turn)
    }
  }
}

extension Site {
  /// The plan of a start, and the end of its turn.
  fileprivate func plan() async throws -> StartStore.Plan {
    let start = ask("Hi")
    guard case .started(let plan, _, _) = try await StartStore(app).start(start) else {
      throw StoreError(.misuse, cause: "not started")
    }
    return plan
  }

  /// Role and text of each message of the history that a start gets; its turn is ended without an answer.
  func history(of start: StartStore.Start) async throws -> [String] {
    guard case .started(_, let history, _) = try await StartStore(app).start(start) else {
      throw StoreError(.misuse, cause: "not started")
    }
    try await answer(start, "", state: .cancelled)
    return history.map { message in
      let parts = String(decoding: message.parts, as: UTF8.self)
      let text = parts.split(separator: #""text": ""#, maxSplits: 1).last?.prefix { $0 != "\"" } ?? ""
      return "\(message.role) \(text)"
    }
  }
}
