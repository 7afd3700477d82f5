import Chat
import SQL
import Testing

@testable import Store

/// What a deleted conversation leaves, and what happens to those who come at the same moment.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct DeletionTests {
  @Test func `content goes, turns stay for reports, and nothing else is touched`() async throws {
    try await withSite { site in
      let store = ConversationStore(site.app)
      var doomed: [StartStore.Start] = []
      var kept: [StartStore.Start] = []
      for number in 1...3 {
        for keeps in [false, true] {
          let start = site.ask(
            "u\(number)", in: (keeps ? kept : doomed).first?.conversation, key: "k-\(number)-\(keeps)")
          guard case .started = try await StartStore(site.app).start(start) else {
            Issue.record("not started")
            return
          }
          try await site.answer(start, "a")
          if keeps { kept.append(start) } else { doomed.append(start) }
        }
      }
      _ = try await site.say("branch", "b", in: doomed[0].conversation, after: .message(doomed[0].userMessage))
      let conversation = doomed[0].conversation
      #expect(try await site.rows(of: conversation) == [1, 8, 4, 8, 3])

      guard case .deleted(let turns) = try await store.delete(conversation, identity: site.identity) else {
        Issue.record("not deleted")
        return
      }
      #expect(turns.count == 4 && Set(turns).isSuperset(of: doomed.map(\.turn)))
      #expect(try await site.rows(of: conversation) == [0, 0, 4, 0, 0])
      let left = try await site.value(
        "select count(*) from sluice.turn t where conversation_id = $1::uuid and t::text like '%private words%'",
        .id(conversation))
      #expect(left == "0")
      let row = try #require(try await TurnStore(site.app).read(doomed[0].turn))
      #expect(row.purged && !row.answered && row.terminal?.state == .done && row.identity == site.identity)
      #expect(try await TurnStore(site.app).chunks(of: doomed[0].turn, after: .start).isEmpty)
      let other = try #require(try await TurnStore(site.app).read(kept[0].turn))
      #expect(!other.purged && other.answered)
      #expect(try await site.rows(of: kept[0].conversation) == [1, 6, 3, 6, 3])
      #expect(try await store.delete(conversation, identity: site.identity) == .absent)
    }
  }

  @Test func `a live turn keeps its conversation`() async throws {
    try await withSite { site in
      let store = ConversationStore(site.app)
      let first = try await site.say("one", "1")
      let live = site.ask("two", in: first.conversation)
      guard case .started = try await StartStore(site.app).start(live) else {
        Issue.record("not started")
        return
      }
      let before = try await site.rows(of: first.conversation)
      #expect(try await store.delete(first.conversation, identity: site.identity) == .busy(turn: live.turn))
      #expect(try await site.rows(of: first.conversation) == before)
      let metadata = try await site.value("select metadata from sluice.turn where id = $1::uuid", .id(first.turn))
      #expect(metadata?.contains("private words") == true)
      try await site.answer(live, "", state: .cancelled)
      #expect(try await store.delete(first.conversation, identity: site.identity) != .busy(turn: live.turn))
      #expect(try await site.rows(of: first.conversation) == [0, 0, 2, 0, 0])
    }
  }

  @Test func `another's conversation is absent and stays`() async throws {
    try await withSite { site in
      let store = ConversationStore(site.app)
      let mine = try await site.say("one", "1")
      #expect(try await store.delete(mine.conversation, identity: ID.random()) == .absent)
      #expect(try await store.delete(ID.random(), identity: site.identity) == .absent)
      #expect(try await site.rows(of: mine.conversation) == [1, 2, 1, 2, 0])
    }
  }

  @Test func `a start that waits for a delete finds nothing and writes nothing`() async throws {
    try await withSite(name: "sluice-test-late-start") { site in
      let first = try await site.say("one", "1")
      let late = site.ask("two", in: first.conversation, key: "late")
      let (deletion, outcome) = try await site.queued(
        on: first.conversation,
        { try await ConversationStore(site.app).delete(first.conversation, identity: site.identity) },
        { try await StartStore(site.app).start(late) })
      #expect(deletion == .deleted(turns: [first.turn]))
      guard case .busy(turn: nil) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(try await site.rows(of: first.conversation) == [0, 0, 1, 0, 0])
      guard case .noConversation = try await StartStore(site.app).start(late) else {
        Issue.record("the second try must know")
        return
      }
      #expect(try await site.rows(of: first.conversation) == [0, 0, 1, 0, 0])
    }
  }

  @Test func `a delete that waits for a start finds its turn`() async throws {
    try await withSite(name: "sluice-test-late-delete") { site in
      let first = try await site.say("one", "1")
      let next = site.ask("two", in: first.conversation, key: "next")
      let (outcome, deletion) = try await site.queued(
        on: first.conversation, { try await StartStore(site.app).start(next) },
        { try await ConversationStore(site.app).delete(first.conversation, identity: site.identity) })
      guard case .started(_, let history, _) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(history.count == 3)
      #expect(deletion == .busy(turn: next.turn))
      #expect(try await site.rows(of: first.conversation) == [1, 3, 2, 2, 1])
    }
  }

  @Test func `a delete that waits for a turn's end takes what that end has written`() async throws {
    try await withSite(name: "sluice-test-late-end") { site in
      let start = site.ask("one")
      guard case .started = try await StartStore(site.app).start(start) else {
        Issue.record("not started")
        return
      }
      let (_, deletion) = try await site.queued(
        on: start.conversation, { try await site.answer(start, "1") },
        { try await ConversationStore(site.app).delete(start.conversation, identity: site.identity) })
      #expect(deletion == .deleted(turns: [start.turn]))
      #expect(try await site.rows(of: start.conversation) == [0, 0, 1, 0, 0])
    }
  }
}

extension Site {
  /// Runs both at the same moment, the first one first: they wait one behind the other for a lock on the conversation,
  /// or another table's row, which is let go when both do. The site's sessions need a name of their own.
  func queued<First: Sendable, Second: Sendable>(
    on row: ID, of table: String = "conversation", _ first: @Sendable @escaping () async throws -> First,
    _ second: @Sendable @escaping () async throws -> Second
  ) async throws -> (First, Second) {
    let name = try #require(try await app.value("select current_setting('application_name')"))
    func waiting() async throws -> String? {
      try await value(
        "select count(*) from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'", .text(name))
    }
    // The holder's transaction ends when two wait.
    let held = Task { [owner] in
      try await owner.run([
        .text("select from sluice.\(table) where id = $1::uuid for update", .id(row)),
        .text(
          """
          do $$
          begin
            while (
              select count(*) from pg_stat_activity
              where application_name = '\(name)' and wait_event_type = 'Lock'
            ) < 2 loop
              perform pg_sleep(0.005), pg_stat_clear_snapshot();
            end loop;
          end
          $$
          """),
      ])
    }
    try await eventually {
      try await value(
        """
        select count(*) from pg_stat_activity
        where backend_xid is not null and query like '%while%' and query like $1
        """, .text("%\(name)%")) == "1"
    }
    let one = Task { try await first() }
    try await eventually { try await waiting() == "1" }
    let two = Task { try await second() }
    _ = try await held.value
    return (try await one.value, try await two.value)
  }
}
