import Chat
import Testing

@testable import Store

/// Turns of dead nodes: which are begun anew, by whom, and which end.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct AdoptionTests {
  /// A turn whose virtual model wants it begun anew, with two chunks of text, on a node that was voided just now.
  private func orphan(_ site: Site, model: String = "on_interrupt = 'restart'") async throws -> StartStore.Start {
    try await site.configure(model: model)
    let first = try await site.say("one", "1")
    let start = site.ask("two", in: first.conversation)
    guard case .started(let plan, _, _) = try await StartStore(site.app).start(start) else {
      throw StoreError(.misuse, cause: "not started")
    }
    #expect(plan.restarts == model.contains("restart"))
    try await site.chunks(of: start.turn, epoch: 1, by: site.node)
    try await site.void(site.node)
    return start
  }

  private func found(_ start: StartStore.Start, epoch: Int = 1) -> AdoptionStore.Orphan {
    AdoptionStore.Orphan(turn: start.turn, epoch: epoch, surface: start.surface, model: start.model ?? "")
  }

  @Test func `one node alone takes an orphan over, with its plan and its history`() async throws {
    try await withSite { site in
      let start = try await orphan(site)
      let store = AdoptionStore(site.app)
      #expect(try await site.isFound(start.turn))
      let (heir, other) = (try await site.addNode(), try await site.addNode())
      try await site.configure(model: "system_prompt = 'As it is now.'")
      let adopted = try #require(try await store.adopt(found(start), by: heir))
      #expect(adopted.conversation == start.conversation && adopted.identity == site.identity)
      #expect(adopted.userMessage == start.userMessage && adopted.message == start.assistantMessage)
      #expect(adopted.restarts == 1 && adopted.mayRestart)
      #expect(adopted.plan.model == site.model && adopted.plan.systemPrompt == "As it is now." && adopted.plan.restarts)
      #expect(adopted.plan.routes.map(\.providerModel) == ["raw"] && adopted.plan.durability == .commit)
      #expect(adopted.plan.chunking == Chunking(.immediate, bytes: 128, delay: 250) && adopted.plan.pace == 250)
      #expect(adopted.history.map(\.role) == ["user", "assistant", "user"] && adopted.request == nil)
      #expect(try await site.fact("owner", of: start.turn) == heir.description)
      #expect(try await site.fact("epoch", of: start.turn) == "2")

      // Too late, with what was found before and with what is found now.
      #expect(try await store.adopt(found(start), by: other) == nil)
      #expect(try await store.adopt(found(start, epoch: 2), by: other) == nil)
      #expect(try await !site.isFound(start.turn))
      // The same again, as its outcome was unknown.
      #expect(try await store.adopt(found(start), by: heir)?.restarts == 1)
      #expect(try await site.fact("epoch, restarts", of: start.turn) == "(2,1)")
    }
  }

  @Test(arguments: [
    "update sluice.turn set on_interrupt = 'keep' where id = $1::uuid",
    "update sluice.turn set cancel_requested_at = now() where id = $1::uuid",
    "update sluice.turn set restarts = 2 where id = $1::uuid",
    "update sluice.node set voided_at = null where incarnation = (select owner from sluice.turn where id = $1::uuid)",
  ])
  func `what is no orphan to be begun anew is not found and cannot be taken`(change: String) async throws {
    try await withSite { site in
      let start = try await orphan(site)
      try await site.change(change, .id(start.turn))
      #expect(try await !site.isFound(start.turn))
      #expect(try await AdoptionStore(site.app).adopt(found(start), by: site.addNode()) == nil)
      #expect(try await site.fact("owner", of: start.turn) == site.node.description)
    }
  }

  @Test func `a fenced node takes nothing, and nobody a turn without a model`() async throws {
    try await withSite { site in
      let start = try await orphan(site)
      let store = AdoptionStore(site.app)
      let (voided, lapsed) = (try await site.addNode(), try await site.addNode(lease: -1))
      try await site.void(voided)
      #expect(try await store.adopt(found(start), by: voided) == nil)
      #expect(try await store.adopt(found(start), by: lapsed) == nil)
      try await site.configure(model: "enabled = false")
      #expect(try await store.adopt(found(start), by: site.addNode()) == nil)
      #expect(try await site.fact("epoch, restarts", of: start.turn) == "(1,0)")
    }
  }

  @Test func `the reaper leaves an orphan to the others for half a minute, then ends it with its text`() async throws {
    try await withSite { site in
      let start = try await orphan(site)
      try await site.reap()
      #expect(try await site.fact("state", of: start.turn) == "streaming")
      try await site.change(
        "update sluice.node set voided_at = now() - interval '31 seconds' where incarnation = $1::uuid", .id(site.node))
      try await site.reap(start)
      #expect(try await site.fact("state, epoch, chunks", of: start.turn) == "(interrupted,1,3)")
      #expect(try await site.text(of: start) == "epoch 1, epoch 1, ")
    }
  }

  @Test(arguments: ["commit", "relaxed"])
  func `the third interruption ends it with the text of its last epoch`(durability: String) async throws {
    try await withSite { site in
      let start = try await orphan(site, model: "on_interrupt = 'restart', durability = '\(durability)'")
      for restart in 1...2 {
        try await site.reap()
        let heir = try await site.addNode()
        let adopted = try #require(try await AdoptionStore(site.app).adopt(found(start, epoch: restart), by: heir))
        #expect(adopted.restarts == restart && adopted.mayRestart == (restart < 2))
        #expect(adopted.plan.durability.rawValue == durability)
        try await site.chunks(of: start.turn, epoch: restart + 1, by: heir)
        try await site.void(heir)
      }
      #expect(try await !site.isFound(start.turn))
      try await site.reap(start)
      let epoch = durability == "relaxed" ? 4 : 3
      #expect(try await site.fact("state, epoch, chunks, restarts", of: start.turn) == "(interrupted,\(epoch),3,2)")
      #expect(try await site.text(of: start) == "epoch 3, epoch 3, ")
    }
  }

  @Test func `an orphan that was asked to be cancelled ends so`() async throws {
    try await withSite { site in
      let start = try await orphan(site)
      try await site.change("update sluice.turn set cancel_requested_at = now() where id = $1::uuid", .id(start.turn))
      try await site.reap(start)
      #expect(try await site.fact("state", of: start.turn) == "cancelled")
    }
  }

  @Test func `what a client brought beside its message is brought again`() async throws {
    try await withSite { site in
      let start = try await orphan(site)
      try await site.change(
        "update sluice.turn set request = '{\"messages\": []}' where id = $1::uuid", .id(start.turn))
      #expect(try await site.isFound(start.turn))
      let adopted = try #require(try await AdoptionStore(site.app).adopt(found(start), by: site.addNode()))
      #expect(adopted.request == Array(#"{"messages": []}"#.utf8))
    }
  }

  @Test func `nothing of the former owner is written any more`() async throws {
    try await withSite { site in
      let start = try await orphan(site)
      #expect(try await AdoptionStore(site.app).adopt(found(start), by: site.addNode()) != nil)
      await #expect(throws: StoreError.self) { try await site.chunks(of: start.turn, epoch: 1, by: site.node, from: 3) }
      #expect(
        try await site.value("select count(*) from sluice.turn_delta where turn_id = $1::uuid", .id(start.turn)) == "2")
    }
  }
}

extension Site {
  /// A further node, whose lease holds for so many seconds.
  fileprivate func addNode(lease: Int = 3600) async throws -> ID {
    let node = ID.random()
    try await change(
      """
      insert into sluice.node (incarnation, tag, host, version, lease_until)
      values ($1::uuid, 1, 'test', '0', now() + $2::int * interval '1 second')
      """, .id(node), .int(lease))
    return node
  }

  fileprivate func void(_ node: ID) async throws {
    try await change("update sluice.node set voided_at = now() where incarnation = $1::uuid", .id(node))
  }

  /// Two chunks that name their epoch. Throws if they are fenced.
  fileprivate func chunks(of turn: ID, epoch: Int, by node: ID, from first: Int = 1) async throws {
    let flush = FlushStore(app)
    let chunks = (first...first + 1).map {
      FlushStore.Chunk(
        turn: turn, epoch: epoch, sequence: $0, events: Array(#"{"type":"text","text":"epoch \#(epoch), "}"#.utf8))
    }
    let verdict = await withCheckedContinuation { continuation in
      flush.send(flush.write(chunks, incarnation: node)) { continuation.resume(returning: $0) }
    }
    guard case .written = try verdict.get() else { throw StoreError(.misuse, cause: "fenced") }
  }

  /// Ends what is to be ended, here and in the other tests of this file: who looks at it looks at the rows.
  fileprivate func reap() async throws {
    while try await NodeStore(app).reap(limit: 20).count == 20 {}
  }

  /// The same until this turn has ended: another test may be at it.
  fileprivate func reap(_ start: StartStore.Start) async throws {
    try await eventually {
      try await reap()
      return try await fact("state", of: start.turn) != "streaming"
    }
  }

  fileprivate func isFound(_ turn: ID) async throws -> Bool {
    try await AdoptionStore(app).orphans(limit: 1_000).contains { $0.turn == turn }
  }

  /// Columns of a turn as PostgreSQL writes them.
  fileprivate func fact(_ columns: String, of turn: ID) async throws -> String? {
    let row = columns.contains(",") ? "(\(columns))" : columns
    return try await value("select \(row)::text from sluice.turn where id = $1::uuid", .id(turn))
  }

  /// What the conversation keeps of the answer.
  fileprivate func text(of start: StartStore.Start) async throws -> String? {
    try await value(
      "select parts->0->>'text' from sluice.message where conversation_id = $1::uuid and id = $2::uuid",
      .id(start.conversation), .id(start.assistantMessage))
  }
}
