import Chat
import EventLoop
import FrontDoor
import Store
import Wire

/// `/chat/links`: by which names surfaces know a person, and how the same person on two of them becomes one identity:
/// by a code that is shown on one and typed on the other, or by the word of a surface that is trusted with it.
struct LinksRoute: Sendable {
  let gate: Gate
  let budget: IdentityBudget
  let store: LinkStore

  /// Bytes of a body.
  private static let bodyLimit = 4_096

  /// Who asks, and for whom the answer is.
  private struct Asker {
    var identity: ID
    let surface: ID
    let origin: String?
    /// A surface's back end speaks for its user.
    let isSpokenFor: Bool
  }

  /// `GET /chat/links`
  func list(_ request: Request, _ exchange: Exchange) {
    gate.reply(to: request, on: exchange) { () async throws(Refusal) in
      let asker = try await asker(of: request)
      let links: [LinkStore.Link]
      do throws(StoreError) { links = try await store.list(asker.identity) } catch { throw Refusal(error) }
      return answer(asker) { writer in
        writer.key("links")
        writer.beginArray()
        for link in links {
          writer.beginObject()
          writer.member("surface", link.surface)
          writer.member("external_id", link.externalID)
          writer.member("since", Timestamp.text(microseconds: link.since))
          writer.endObject()
        }
        writer.endArray()
      }
    }
  }

  /// `POST /chat/links`: a code, or with a body the word of a surface's key.
  func make(_ request: Request, _ exchange: Exchange) {
    gate.reply(to: request, on: exchange) { () async throws(Refusal) in
      let asker = try await asker(of: request)
      // A surface's key that names no user stands for any number of them.
      guard gate.isPerson(request) else {
        throw Refusal(403, .linkRefused, "A service is no person: name a user in X-Sluice-User.")
      }
      guard !request.body.isEmpty else {
        guard gate.memory.isCurrent() else { throw .unavailable }
        return code(asker)
      }
      let (surface, user) = try Self.link(in: request.body)
      guard asker.isSpokenFor else {
        throw Refusal(403, .untrustedSurface, "Only a surface's key may say who is the same person.")
      }
      return try await assert(asker, surface: surface, user: user)
    }
  }

  /// `POST /chat/links/redeem`
  func redeem(_ request: Request, _ exchange: Exchange) {
    gate.reply(to: request, on: exchange) { () async throws(Refusal) in
      var asker = try await asker(of: request)
      guard gate.isPerson(request) else { throw .linkRefused }
      let text = try Self.member("code", of: request.body)
      guard let (code, owner) = gate.linkCode(text) else { throw .invalidLinkCode }
      asker.identity = try await merge(asker.identity, into: owner, by: code)
      return answer(asker) { writer in
        writer.member("identity", asker.identity.description)
        // A key goes on as it is: its user means the other identity from now on.
        if !asker.isSpokenFor { Self.write(session(asker), to: &writer, keys: gate.keys) }
      }
    }
  }

  /// `DELETE /chat/links`
  func remove(_ request: Request, _ exchange: Exchange) {
    gate.reply(to: request, on: exchange) { () async throws(Refusal) in
      let asker = try await asker(of: request)
      let (surface, user) = try Self.link(in: request.body)
      let found: ID?
      do throws(StoreError) { found = try await store.unlink(asker.identity, surface: surface, externalID: user) } catch
      {
        throw Refusal(error)
      }
      guard let found else { throw .notFound }
      gate.forget(user: user, of: found)
      return Response(status: 204, headers: CrossOrigin.headers(for: asker.origin), body: [])
    }
  }

  private func asker(of request: Request) async throws(Refusal) -> Asker {
    let (identity, surface, credential) = try await gate.session(of: request)
    let origin = try gate.origin(of: request, surface: surface)
    try gate.spend(budget, of: identity)
    return Asker(
      identity: identity, surface: surface, origin: origin, isSpokenFor: credential.service != nil)
  }

  // MARK: codes

  private func code(_ asker: Asker) -> Response {
    let code = Token(.link, identity: asker.identity, subject: ID.fresh(), now: Self.now)
    return answer(asker) { writer in
      writer.member("code", code.signed(by: gate.keys))
      writer.member("expires_in", code.kind.lifetime)
    }
  }

  /// Who both are from then on. An identity that has become another one meanwhile is looked up, once.
  private func merge(_ gone: ID, into kept: ID, by code: Token) async throws(Refusal) -> ID {
    var (gone, kept) = (gone, kept)
    for _ in 0..<2 {
      if gone == kept { return kept }
      let outcome: LinkStore.Outcome
      do {
        outcome = try await store.redeem(code: code.subject, expires: code.expires, gone: gone, kept: kept)
      } catch { throw Refusal(error) }
      switch outcome {
      case .done, .same:
        gate.memory.note(gone, became: kept)
        return kept
      case .busy: throw .identityBusy
      case .refused: throw .linkRefused
      case .used:
        // By this very request, whose answer was lost.
        guard try await now(gone) == kept else {
          throw Refusal(409, .linkCodeUsed, "The code was used before: each is good for one use.")
        }
        return kept
      case .outdated:
        guard let owner = try await now(kept) else { throw .invalidLinkCode }
        guard let own = try await now(gone) else { throw .badToken }
        (gone, kept) = (own, owner)
      }
    }
    throw .overloaded
  }

  private func now(_ identity: ID) async throws(Refusal) -> ID? {
    do { return try await gate.memory.ask(identity) } catch { throw Refusal(error) }
  }

  // MARK: the word of a surface

  private func assert(_ asker: Asker, surface: String, user: String) async throws(Refusal) -> Response {
    var asker = asker
    for _ in 0..<2 {
      let assertion: LinkStore.Assertion
      do {
        assertion = try await store.assert(by: asker.surface, of: asker.identity, surface: surface, externalID: user)
      } catch { throw Refusal(error) }
      switch assertion {
      case .linked, .merged(_, .same): return linked(asker)
      case .merged(let who, .done):
        gate.memory.note(who, became: asker.identity)
        return linked(asker)
      case .merged(_, .busy): throw .identityBusy
      case .merged(_, .refused): throw .linkRefused
      case .untrusted:
        throw Refusal(403, .untrustedSurface, "This surface may not say who is the same person.")
      case .noSurface: throw .notFound
      case .outdated, .merged(_, .outdated), .merged(_, .used):
        guard let identity = try await now(asker.identity) else { throw .badToken }
        asker.identity = identity
      }
    }
    throw .overloaded
  }

  private func linked(_ asker: Asker) -> Response {
    answer(asker) { $0.member("identity", asker.identity.description) }
  }

  // MARK: JSON

  private static var now: Int { Int(Instant.wall().nanoseconds / 1_000_000_000) }

  private func session(_ asker: Asker) -> Token {
    Token(.session, identity: asker.identity, subject: asker.surface, now: Self.now)
  }

  private static func write(_ session: Token, to writer: inout JSONWriter, keys: KeyRing) {
    writer.member("token", session.signed(by: keys))
    writer.member("expires_at", Timestamp.text(session.expires))
  }

  private func answer(_ asker: Asker, _ body: (inout JSONWriter) -> Void) -> Response {
    var writer = JSONWriter()
    writer.beginObject()
    body(&writer)
    writer.endObject()
    return Response(status: 200, headers: CrossOrigin.headers(for: asker.origin), body: writer.bytes)
  }

  /// `{"code":"…"}`
  private static func member(_ name: StaticString, of body: [UInt8]) throws(Refusal) -> String {
    let document = try JSONDocument(body: body, limit: bodyLimit)
    return try text(name, in: document.root, among: ["\(name)"])
  }

  /// `{"surface":"discord","external_id":"42"}`
  private static func link(in body: [UInt8]) throws(Refusal) -> (surface: String, user: String) {
    let document = try JSONDocument(body: body, limit: bodyLimit)
    let names = ["surface", "external_id"]
    let surface = try text("surface", in: document.root, among: names)
    let user = try text("external_id", in: document.root, among: names)
    guard !user.isEmpty, user.utf8.count <= 255 else {
      throw .malformed("`external_id` must have 1 to 255 bytes.")
    }
    return (surface, user)
  }

  private static func text(
    _ name: StaticString, in object: JSONElement, among names: [String]
  ) throws(Refusal) -> String {
    for (other, _) in object.members where !names.contains(other.string ?? "") {
      throw .malformed("`\(other.string?.prefix(50) ?? "")` is not a member of this request.")
    }
    guard object.count <= names.count else { throw .malformed("A member appears twice.") }
    guard let text = object[name]?.string else { throw .malformed("`\(name)` is missing.") }
    return text
  }
}
