import Chat
import FrontDoor
import Store

/// Turns that are not in memory: mirrors those that live on another node, answers for those that have ended.
final class TurnFinder: Sendable {
  private let registry: Registry
  private let store: TurnStore
  private let surfaces: Surfaces
  private let memory: AccessMemory
  private let neighbours: LiveTurn.Neighbours
  private let tail: TailReader
  private let pages: Turnstile
  private let failures: DatabaseLog

  init(
    registry: Registry, store: TurnStore, surfaces: Surfaces, memory: AccessMemory, neighbours: LiveTurn.Neighbours,
    tail: TailReader, pages: Turnstile, failures: DatabaseLog
  ) {
    self.registry = registry
    self.store = store
    self.surfaces = surfaces
    self.memory = memory
    self.neighbours = neighbours
    self.tail = tail
    self.pages = pages
    self.failures = failures
  }

  enum Found: Sendable {
    case live(LiveTurn)
    case ended(LiveTurn.Facts, TurnStore.Row, Terminal)
  }

  /// Throws 404 for what is absent or not the principal's, 410 for what was deleted, 503 without the database.
  func find(_ id: ID, for principal: Principal) async throws(Refusal) -> Found {
    let row: TurnStore.Row?
    do { row = try await store.read(id) } catch { throw Refusal(error) }
    guard let row, principal.mayRead(turn: id, of: memory.now(row.identity)) else { throw .notFound }
    if row.purged { throw .purged }
    let facts = LiveTurn.Facts(
      id: id, conversation: row.conversation, identity: row.identity, surface: row.surface,
      userMessage: row.userMessage, message: row.message,
      pacer: surfaces.pacer(of: row.surface), doorway: surfaces.doorway(of: row.surface),
      abandonAfter: row.abandonAfter)
    if let terminal = row.terminal { return .ended(facts, row, terminal) }
    let mirror = LiveTurn(facts, source: .mirrored(TurnMirror(epoch: row.epoch)), neighbours: neighbours)
    let present = registry.add(mirror: mirror)
    if present === mirror, !tail.follow(mirror) {
      registry.remove(mirror)
      neighbours.meters.hit(.mirroredTurns)
      throw .overloaded
    }
    return .live(present)
  }

  /// What lets an identity that meets its own live turn read and cancel it; nil if the turn has ended.
  func pass(to id: ID, of identity: ID, mount: String) async throws(Refusal) -> TurnPass? {
    if let turn = registry.find(id), memory.now(turn.facts.identity) == identity {
      return TurnPass(
        turn: id, conversation: turn.facts.conversation, identity: identity, epoch: turn.epoch, mount: mount)
    }
    let row: TurnStore.Row?
    do { row = try await store.read(id) } catch { throw Refusal(error) }
    guard let row, memory.now(row.identity) == identity, row.terminal == nil else { return nil }
    return TurnPass(turn: id, conversation: row.conversation, identity: identity, epoch: row.epoch, mount: mount)
  }

  /// The answer to a poll of a turn that has ended, from its rows.
  func poll(
    _ cursor: Cursor, _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal
  ) async throws(Refusal) -> PollReply {
    let total = row.chunks ?? 0
    var cursor = cursor
    var reset = false
    if cursor.epoch != row.epoch || cursor.offset > total {
      cursor = Cursor(epoch: row.epoch, offset: 0)
      reset = true
    }
    var reply = PollReply(cursor: cursor)
    reply.reset = reset
    if cursor.offset < total {
      let chunks = row.compacted ? [] : try await page(of: facts.id, after: cursor)
      guard chunks.first?.sequence == cursor.offset + 1 else {
        return try await compacted(facts, row, terminal)
      }
      fill(&reply, with: chunks)
      reply.more = reply.cursor.offset < total
    }
    if !reply.more {
      reply.terminal = terminal
      reply.message = row.answered ? facts.message : nil
    }
    return reply
  }

  /// Whole chunks up to the limit of a reply, at least one.
  private func fill(_ reply: inout PollReply, with chunks: [(sequence: Int, events: [UInt8])]) {
    for chunk in chunks {
      if !reply.events.isEmpty {
        if reply.events.count + chunk.events.count > TurnLog.replyLimit { break }
        reply.events.append(0x2C)
      }
      reply.events.append(contentsOf: chunk.events)
      reply.cursor.offset = chunk.sequence
    }
  }

  /// The log is gone, the message is left: once the whole text, then the end.
  func compacted(
    _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal
  ) async throws(Refusal) -> PollReply {
    let text = try await answer(facts.id)
    if text == nil, terminal.state == .done { throw .purged }
    var log = TurnLog(epoch: row.epoch)
    if let text { text.withUnsafeBytes { log.appendText($0) } }
    for event in terminal.events { log.append(event: event) }
    log.seal()
    var events: [UInt8] = []
    for chunk in 1...log.sealed {
      if !events.isEmpty { events.append(0x2C) }
      events += log.events(of: chunk)
    }
    var reply = PollReply(cursor: Cursor(epoch: row.epoch, offset: row.chunks ?? 0), events: events[...])
    reply.reset = true
    reply.terminal = terminal
    reply.message = text == nil ? nil : facts.message
    return reply
  }

  /// Chunks that follow the cursor, about 64 KB of them. Throws 503.
  func page(of turn: ID, after cursor: Cursor) async throws(Refusal) -> [(sequence: Int, events: [UInt8])] {
    do { return try await store.chunks(of: turn, after: cursor) } catch {
      failures.failed("log not read", error)
      throw Refusal(error)
    }
  }

  /// The whole log of a turn that has ended lately. It may be megabytes: so many are read at once.
  func log(_ facts: LiveTurn.Facts, _ row: TurnStore.Row) async throws(Refusal) -> TurnLog {
    guard await pages.enter() else {
      neighbours.meters.hit(.conversationPages)
      throw .overloaded
    }
    defer { pages.leave() }
    var log = TurnLog(epoch: row.epoch)
    while log.sealed < row.chunks ?? 0 {
      let page = try await page(of: facts.id, after: Cursor(epoch: row.epoch, offset: log.sealed))
      guard page.first?.sequence == log.sealed + 1 else { throw .purged }
      for chunk in page { log.append(committed: chunk.events) }
    }
    return log
  }

  /// The text of the answer of a turn that has ended; nil if it has none.
  private func answer(_ turn: ID) async throws(Refusal) -> [UInt8]? {
    do { return try await store.answer(of: turn) } catch { throw Refusal(error) }
  }
}
