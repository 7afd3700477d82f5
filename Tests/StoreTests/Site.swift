import Chat
import EventLoop
import Glibc
import SQL
import Testing

@testable import Store

/// What a test of the statements needs in the database: a surface, an identity, a virtual model with a route, and a node
/// whose lease holds. `app` has the program's rights, `owner` those of a superuser.
struct Site {
  let app: Database
  let owner: Database
  let surface = ID.random()
  let identity = ID.random()
  let node = ID.random()
  let model = "m-\(ID.random())"

  fileprivate func fill() async throws {
    try await change("insert into sluice.surface (id, name, kind) values ($1::uuid, $1::text, 'web')", .id(surface))
    try await change("insert into sluice.identity (id, kind) values ($1::uuid, 'person')", .id(identity))
    try await change(
      """
      insert into sluice.node (incarnation, tag, host, version, lease_until)
      values ($1::uuid, 1, 'test', '0', now() + interval '1 hour')
      """, .id(node))
    try await change("insert into sluice.virtual_model (name, title) values ($1, 'Title')", .text(model))
    try await change(
      """
      insert into sluice.model_route (model_id, driver, provider_model, region)
      select id, 'openai', 'raw', 'http://127.0.0.1:1' from sluice.virtual_model where name = $1
      """, .text(model))
  }

  /// Runs a statement as the superuser.
  @discardableResult
  func change(_ text: String, _ parameters: Parameter...) async throws -> Rows {
    try await owner.run([Query(Statement(name: "t\(abs(text.hashValue))", text: text), parameters)])[0]
  }

  /// The first value as the superuser reads it.
  func value(_ text: String, _ parameters: Parameter...) async throws -> String? {
    try await owner.run([Query(Statement(name: "t\(abs(text.hashValue))", text: text), parameters)])[0].string(0, 0)
  }

  /// Sets columns of the virtual model, as in `history_limit = 2`.
  func configure(model assignments: String) async throws {
    try await change("update sluice.virtual_model set \(assignments) where name = $1", .text(model))
  }

  /// A start of one text in a conversation of this identity.
  func ask(
    _ text: String, in conversation: ID? = nil, after: StartStore.After = .newest, of identity: ID? = nil,
    key: String? = nil
  ) -> StartStore.Start {
    var start = StartStore.Start(
      incarnation: node, identity: identity ?? self.identity, surface: surface, model: model,
      conversation: conversation ?? ID.random(), isNewConversation: conversation == nil, after: after,
      turn: ID.random(), userMessage: ID.random(), assistantMessage: ID.random(), parts: [], estimatedTokens: 0,
      metadata: Array(#"{"note":"private words"}"#.utf8),
      key: key.map { ($0, [UInt8](repeating: 7, count: 32)) })
    start.parts = Array(#"[{"type":"text","text":"\#(text)"}]"#.utf8)
    start.estimatedTokens = TokenEstimate.of(text: text.utf8.count, images: 0)
    return start
  }

  /// Ends a turn with this answer, and one chunk before the terminal one; an empty answer leaves no message.
  func answer(
    _ start: StartStore.Start, _ text: String, state: TurnState = .done, usage: Usage? = nil
  ) async throws {
    let flush = FlushStore(app)
    let write = flush.finish(
      [1, 2].map {
        FlushStore.Chunk(turn: start.turn, epoch: 1, sequence: $0, events: Array(#"{"type":"text","text":"x"}"#.utf8))
      },
      terminal: Terminal(state: state, finishReason: state == .done ? .stop : nil, usage: usage),
      answer: Array(text.utf8),
      asked: nil, turn: start.turn, epoch: 1, incarnation: node)
    let verdict = await withCheckedContinuation { continuation in
      flush.send(write) { continuation.resume(returning: $0) }
    }
    guard case .written = try verdict.get() else { throw StoreError(.misuse, cause: "not written") }
  }

  /// A start and its answer; the start must be taken.
  @discardableResult
  func say(
    _ text: String, _ answer: String, in conversation: ID? = nil, after: StartStore.After = .newest
  ) async throws -> StartStore.Start {
    let start = ask(text, in: conversation, after: after)
    guard case .started = try await StartStore(app).start(start) else {
      throw StoreError(.misuse, cause: "not started")
    }
    try await self.answer(start, answer)
    return start
  }

  /// Rows of a conversation: itself, its messages, turns, chunks and idempotency keys.
  func rows(of conversation: ID) async throws -> [Int?] {
    let rows = try await change(
      """
      with t as (select id from sluice.turn where conversation_id = $1::uuid)
      select
        (select count(*) from sluice.conversation where id = $1::uuid),
        (select count(*) from sluice.message where conversation_id = $1::uuid),
        (select count(*) from t),
        (select count(*) from sluice.turn_delta join t on t.id = turn_id),
        (select count(*) from sluice.idempotency join t on t.id = turn_id)
      """, .id(conversation))
    return (0..<5).map { rows.int(0, $0) }
  }
}

/// A fresh site in the common database for the length of `body`. `name`: how the program's sessions are called.
func withSite<Result: Sendable>(
  name: String = "sluice-test", _ body: (Site) async throws -> Result
) async throws -> Result {
  try await withDatabase(
    TestServer.conninfo(user: "sluice_app"), loops: 1, connections: 2, { $0.applicationName = name }
  ) { app in
    try await withDatabase(TestServer.conninfo(user: "postgres"), loops: 1, connections: 2) { owner in
      let site = Site(app: app, owner: owner)
      try await site.fill()
      return try await body(site)
    }
  }
}

extension ID {
  /// A version 7 id of now.
  static func random() -> ID {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return ID(
      unixMilliseconds: UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000, tag: .random(in: 0...4095),
      random: .random(in: 0...UInt64.max))
  }
}
