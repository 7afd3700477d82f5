import Chat
import EventLoop
import FrontDoor
import Store
import Wire

/// `POST /chat/session`: a session token for an anonymous visitor of a surface that allows it, or a fresh one for who
/// has one, a surface's key or a JWT.
struct SessionRoute: Sendable {
  let gate: Gate
  let surfaces: Surfaces
  let store: AccessStore

  func handle(_ request: Request, _ exchange: Exchange) {
    gate.reply(to: request, on: exchange) { () async throws(Refusal) in try await open(request) }
  }

  private func open(_ request: Request) async throws(Refusal) -> Response {
    if request.authorization != nil { return try await renew(request) }
    guard let surface = surfaces.find(named: try name(in: request.body)), surface.anonymous else {
      throw Refusal(403, .noAnonymousSessions, "This surface has no sessions for anonymous visitors.")
    }
    let origin = try gate.origin(of: request, surface: surface.id)
    if let seconds = surfaces.takeSession(of: surface, address: request.remoteAddress ?? "") {
      gate.meters.hit(.newSessions)
      throw Refusal(
        429, .tooManySessions, "Too many new sessions just now.", retryable: true, retryAfter: seconds)
    }
    let identity = ID.fresh()
    do { try await store.create(identity: identity) } catch { throw Refusal(error) }
    gate.meters.sessions.add(in: gate.meters.lane)
    return answer(201, identity, surface.id, origin)
  }

  /// A session goes on under a fresh token, and with it the visitor's conversations. A surface's key makes one for the
  /// user it names, a JWT for its subject.
  private func renew(_ request: Request) async throws(Refusal) -> Response {
    let grant = try await gate.admit(request, opening: true)
    let (identity, surface) = try gate.identity(of: grant)
    guard gate.memory.isCurrent() else { throw .unavailable }
    let origin = try gate.origin(of: request, surface: surface)
    guard let named = surfaces.find(named: try name(in: request.body)), named.id == surface else {
      throw Refusal(403, .anotherSurface, "The session is of another surface.")
    }
    try await gate.use(grant)
    return answer(200, identity, surface, origin)
  }

  private func answer(_ status: Int, _ identity: ID, _ surface: ID, _ origin: String?) -> Response {
    let token = Token(
      .session, identity: identity, subject: surface, now: Int(Instant.wall().nanoseconds / 1_000_000_000))
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("token", token.signed(by: gate.keys))
    writer.member("expires_at", Timestamp.text(token.expires))
    writer.member("identity", identity.description)
    writer.endObject()
    return Response(status: status, headers: CrossOrigin.headers(for: origin), body: writer.bytes)
  }

  /// `{"surface":"web"}`
  private func name(in body: [UInt8]) throws(Refusal) -> String {
    let document = try JSONDocument(body: body, limit: 4_096)
    for (name, _) in document.root.members where name.string != "surface" {
      throw .malformed("`\(name.string?.prefix(50) ?? "")` is not a member of a session request.")
    }
    guard document.root.count <= 1 else { throw .malformed("`surface` appears twice.") }
    guard let name = document.root["surface"]?.string else { throw .malformed("`surface` is missing.") }
    return name
  }
}
