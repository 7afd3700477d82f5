import Chat
import FrontDoor
import Store
import Wire

/// `GET /chat/conversations[/{id}]` and `DELETE /chat/conversations/{id}`: an identity's own, on whatever surface they
/// were begun.
struct ConversationsRoute: Sendable {
  let gate: Gate
  let registry: Registry
  let finder: TurnFinder
  /// For look-ups.
  let budget: IdentityBudget
  /// For pages: each may be megabytes.
  let pageBudget: IdentityBudget
  /// So many pages are read at once.
  let pages: Turnstile
  let store: ConversationStore

  /// `GET /chat/conversations`
  func list(_ request: Request, _ exchange: Exchange) {
    answer(request, exchange) { (identity, _) throws(Refusal) in
      let page = try Page(request, usual: 20, most: 100)
      return try await readPage(of: identity) { () throws(StoreError) in
        Self.json(try await store.list(identity: identity, before: page.before, limit: page.limit))
      }
    }
  }

  /// `GET /chat/conversations/{id}`
  func read(_ request: Request, _ captured: String, _ exchange: Exchange) {
    answer(request, exchange) { (identity, _) throws(Refusal) in
      let page = try Page(request, usual: 50, most: 200)
      guard let id = ID(captured) else { throw .notFound }
      try gate.spend(budget, of: identity)
      let found: ConversationStore.Facts?
      do throws(StoreError) { found = try await store.read(id, identity: identity) } catch { throw Refusal(error) }
      guard let conversation = found else { throw .notFound }
      return try await readPage(of: identity) { () throws(StoreError) in
        let messages = try await store.messages(of: id, identity: identity, before: page.before, limit: page.limit)
        let pass = conversation.live.map {
          TurnPass(turn: $0.turn, conversation: id, identity: identity, epoch: $0.epoch, mount: request.mount)
        }
        return Self.json(id, conversation, messages, pass, gate.keys)
      }
    }
  }

  /// `DELETE /chat/conversations/{id}`: its messages and the logs of its turns go, for good.
  func delete(_ request: Request, _ captured: String, _ exchange: Exchange) {
    answer(request, exchange) { (identity, _) throws(Refusal) in
      guard let id = ID(captured) else { throw .notFound }
      try gate.spend(budget, of: identity)
      // The turn that keeps it may end before it is looked at: then once more.
      for _ in 1...2 {
        let outcome: ConversationStore.Deletion
        do throws(StoreError) { outcome = try await store.delete(id, identity: identity) } catch {
          throw Refusal(error)
        }
        switch outcome {
        case .absent: throw .notFound
        case .busy(let turn):
          guard let pass = try await finder.pass(to: turn, of: identity, mount: request.mount) else { continue }
          throw .turnInProgress(pass, keys: gate.keys)
        case .deleted(let turns):
          // What lingers in memory for last polls is to be gone as well; on other nodes it lingers for 5 s.
          for turn in turns { if let turn = registry.find(turn) { registry.remove(turn) } }
          return nil
        }
      }
      throw .overloaded
    }
  }

  /// Runs `body`, which makes the JSON of a page, once there is a place for it.
  private func readPage(
    of identity: ID, _ body: () async throws(StoreError) -> [UInt8]
  ) async throws(Refusal) -> [UInt8] {
    try gate.spend(pageBudget, of: identity)
    guard await pages.enter() else {
      gate.meters.hit(.conversationPages)
      throw .overloaded
    }
    defer { pages.leave() }
    do { return try await body() } catch { throw Refusal(error) }
  }

  /// `body`: the JSON of the reply, or nil for 204.
  private func answer(
    _ request: Request, _ exchange: Exchange,
    _ body: @escaping @Sendable (_ identity: ID, _ surface: ID) async throws(Refusal) -> [UInt8]?
  ) {
    gate.reply(to: request, on: exchange) { () async throws(Refusal) in
      let (identity, surface) = try await gate.identity(of: request)
      let headers = CrossOrigin.headers(for: try gate.origin(of: request, surface: surface))
      let json = try await body(identity, surface)
      return Response(status: json == nil ? 204 : 200, headers: headers, body: json ?? [])
    }
  }

  // MARK: JSON

  private static func json(_ found: TimelinePage<ConversationStore.Summary>) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("conversations")
    writer.beginArray()
    for summary in found.rows {
      writer.beginObject()
      writer.member("conversation", summary.id.description)
      writer.member("surface", summary.surface)
      writer.member("title", summary.title)
      writer.member("created_at", Timestamp.text(microseconds: summary.createdAt))
      writer.member("updated_at", Timestamp.text(microseconds: summary.updatedAt))
      writer.member("live_turn", summary.liveTurn?.description)
      writer.endObject()
    }
    writer.endArray()
    if found.more, let last = found.rows.last { writer.member("before", Page.cursor(last.position)) }
    writer.endObject()
    return writer.bytes
  }

  /// `messages`: newest first, as they were found; written oldest first, as they are read.
  private static func json(
    _ id: ID, _ conversation: ConversationStore.Facts, _ messages: TimelinePage<ConversationStore.Message>,
    _ pass: TurnPass?, _ keys: KeyRing
  ) -> [UInt8] {
    var writer = JSONWriter(capacity: 4_096)
    writer.beginObject()
    writer.member("conversation", id.description)
    writer.member("surface", conversation.surface)
    writer.member("created_at", Timestamp.text(microseconds: conversation.createdAt))
    writer.member("updated_at", Timestamp.text(microseconds: conversation.updatedAt))
    writer.key("messages")
    writer.beginArray()
    for message in messages.rows.reversed() { write(message, to: &writer) }
    writer.endArray()
    if messages.more, let oldest = messages.rows.last { writer.member("before", Page.cursor(oldest.position)) }
    if let pass {
      writer.key("live_turn")
      writer.beginObject()
      pass.write(to: &writer, keys: keys)
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes
  }

  private static func write(_ message: ConversationStore.Message, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", message.id.description)
    writer.member("after", message.parent?.description)
    writer.member("role", message.role)
    writer.key("content")
    writeContent(message.parts, to: &writer)
    writer.member("created_at", Timestamp.text(microseconds: message.createdAt))
    writer.member("turn", message.turn?.description)
    writer.member("state", message.state?.rawValue)
    writer.member("finish_reason", message.finishReason?.rawValue)
    writer.endObject()
  }

  /// As a start takes it: a string where there is only text, else the parts.
  private static func writeContent(_ parts: [UInt8], to writer: inout JSONWriter) {
    guard let document = try? JSONDocument(parsing: parts) else { return writer.string("") }
    var text = ""
    for part in document.root.elements {
      guard part["type"]?.string == "text" else { return writer.raw(parts) }
      text += part["text"]?.string ?? ""
    }
    writer.string(text)
  }
}
