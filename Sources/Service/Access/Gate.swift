import Chat
import Crypto
import EventLoop
import FrontDoor
import Store
import Synchronization
import Wire

/// Decides who asks: by token without the database, by surface key with a short memory, by a JWT without either once it
/// was verified.
final class Gate: Sendable {
  /// A key that was looked up is believed this long, in milliseconds: so long may a revoked one still be used.
  static let keyMemory = 5_000
  /// Keys and external users remembered at once.
  static let keyLimit = 10_000

  /// A credential and what it proves.
  struct Grant: Sendable {
    let principal: Principal
    let credential: Credential
    /// A fresh token for one in the last third of its life.
    var renewal: String?
    /// A JWT that is good for one session request: to be used up when that is granted.
    var single: WebTokenProof?
  }

  enum Verdict: Sendable {
    case granted(Grant)
    case refused(Refusal)
    /// What cannot be judged by what is in memory.
    case lookUp(Unknown)
  }

  enum Unknown: Sendable {
    /// A surface key, which only the database can judge.
    case key(String)
    /// A JWT that was not seen before.
    case webToken(String)
  }

  private struct Known {
    let credential: Credential
    let surface: ID
    /// The external user that the key acts for.
    let user: String?
    let at: Instant
  }

  private let tokens: TokenMemory
  private let store: AccessStore
  private let surfaces: Surfaces
  private let webTokens: WebTokenDoor
  let memory: AccessMemory
  let meters: Meters
  private let known = Mutex<[String: Known]>([:])
  private let lookups = Atomic<Int>(0)

  /// Keys looked up at once: made-up ones must not crowd the database.
  private static let lookupLimit = 16

  init(
    keys: KeyRing, store: AccessStore, surfaces: Surfaces, webTokens: WebTokenDoor, memory: AccessMemory, meters: Meters
  ) {
    tokens = TokenMemory(keys: keys)
    self.store = store
    self.surfaces = surfaces
    self.webTokens = webTokens
    self.memory = memory
    self.meters = meters
  }

  var keys: KeyRing { tokens.keys }

  /// After a change of the key file.
  func replace(keys: KeyRing) { tokens.replace(keys: keys) }

  /// What the request's credential proves. A token in the query counts only if it can do no more than read.
  func judge(_ request: Request) -> Verdict {
    if let authorization = request.authorization {
      guard let credential = Self.bearer(authorization) else { return .refused(.badToken) }
      if credential.hasPrefix("sk_") {
        return remembered(credential, user: request.user) ?? .lookUp(.key(credential))
      }
      if !credential.utf8.starts(with: "v1.".utf8) { return judge(webToken: credential) }
      return judge(token: credential, readOnly: false)
    }
    if let token = request.queryValue("token") { return judge(token: token, readOnly: true) }
    return .refused(.badToken)
  }

  private func judge(token text: String, readOnly: Bool) -> Verdict {
    let now = Int(Instant.wall().nanoseconds / 1_000_000_000)
    guard let token = tokens.verify(text), token.expires > now, !readOnly || token.kind == .read else {
      return .refused(.badToken)
    }
    let credential = Credential(identity: token.identity, issued: token.issued)
    guard let identity = memory.judge(credential) else { return .refused(.badToken) }
    let principal: Principal
    switch token.kind {
    case .session: principal = .identity(identity, surface: token.subject)
    case .turn: principal = .turn(token.subject, identity: identity, readOnly: false)
    case .read: principal = .turn(token.subject, identity: identity, readOnly: true)
    case .link: return .refused(.badToken)
    }
    var grant = Grant(principal: principal, credential: credential)
    if token.isAging(now: now), memory.isCurrent() {
      grant.renewal = Token(token.kind, identity: identity, subject: token.subject, now: now).signed(by: keys)
    }
    return .granted(grant)
  }

  private func judge(webToken text: String) -> Verdict {
    guard let proof = webTokens.recall(text) else {
      return WebToken.hasForm(text) ? .lookUp(.webToken(text)) : .refused(.badToken)
    }
    do throws(Refusal) { return .granted(try grant(of: proof)) } catch { return .refused(error) }
  }

  /// Whom a verified JWT stands for now, be it remembered or not.
  private func grant(of proof: WebTokenProof) throws(Refusal) -> Grant {
    let credential = Credential(identity: proof.identity, issued: proof.issued, jti: proof.id)
    guard let identity = memory.judge(credential) else { throw .badToken }
    return Grant(
      principal: .identity(identity, surface: proof.surface), credential: credential,
      single: proof.use == nil ? nil : proof)
  }

  /// Whose link code it is, and when and for what it was given; nil if it is malformed, forged, expired or revoked.
  func linkCode(_ text: String) -> (code: Token, identity: ID)? {
    guard let code = tokens.verify(text), code.kind == .link,
      code.expires > Int(Instant.wall().nanoseconds / 1_000_000_000),
      let identity = memory.judge(code.identity, issued: code.issued)
    else { return nil }
    return (code, identity)
  }

  /// The same with the database where it is needed. `opening`: the request opens a session, which a JWT that is good for
  /// one use may; `use` is to follow.
  func admit(_ request: Request, opening: Bool = false) async throws(Refusal) -> Grant {
    switch judge(request) {
    case .granted(let grant): return grant
    case .refused(let refusal): throw refusal
    case .lookUp(.key(let key)): return try await grant(ofKey: key, user: request.user)
    case .lookUp(.webToken(let text)):
      let grant = try grant(of: try await webTokens.prove(text))
      guard opening || grant.single == nil else { throw webTokens.refusal(.purpose) }
      return grant
    }
  }

  /// The session that it was brought for is granted. Throws if that has happened before.
  func use(_ grant: Grant) async throws(Refusal) {
    if let proof = grant.single { try await webTokens.use(proof) }
  }

  /// As `admit`, for what a turn's token cannot do: the identity and the surface it acts on, which must be enabled.
  func identity(of request: Request) async throws(Refusal) -> (identity: ID, surface: ID) {
    try identity(of: try await admit(request))
  }

  /// The same of who was admitted.
  func identity(of grant: Grant) throws(Refusal) -> (identity: ID, surface: ID) {
    guard case .identity(let identity, let surface) = grant.principal else { throw Refusal.sessionRequired }
    guard surfaces.find(surface) != nil else { throw Refusal.surfaceDisabled }
    return (identity, surface)
  }

  /// As `identity(of:)`, and by what.
  func session(of request: Request) async throws(Refusal) -> (identity: ID, surface: ID, credential: Credential) {
    let grant = try await admit(request)
    let (identity, surface) = try identity(of: grant)
    return (identity, surface, grant.credential)
  }

  /// What can be done by a surface.
  func doorway(of surface: ID) -> Doorway { surfaces.doorway(of: surface) }

  /// Throws 403 if the surface by which a reader comes is closed, or cannot `read` so. A turn's token comes by the turn's
  /// own surface, and so do nearly all others: nothing is looked up for them.
  func require(_ read: Capabilities, of principal: Principal, for turn: LiveTurn.Facts) throws(Refusal) {
    if case .identity(_, let surface) = principal, surface != turn.surface {
      try surfaces.doorway(of: surface).require(read)
    } else {
      try turn.doorway.require(read)
    }
  }

  /// Whether one person asks. A surface's key that names no user stands for any number of them.
  func isPerson(_ request: Request) -> Bool {
    guard request.user == nil, let authorization = request.authorization else { return true }
    return Self.bearer(authorization)?.hasPrefix("sk_") != true
  }

  /// Takes a request that needs the database from its identity's budget. Throws `too_many_requests`.
  func spend(_ budget: IdentityBudget, of identity: ID) throws(Refusal) {
    guard let milliseconds = budget.take(of: identity) else { return }
    meters.hit(.identityBudget)
    throw .tooManyRequests(milliseconds: milliseconds)
  }

  /// A surface key acts for its service identity, or for the external user it names.
  private func grant(ofKey key: String, user: String?) async throws(Refusal) -> Grant {
    let hash = Self.hash(of: key)
    if let user, user.utf8.count > 255 { throw Refusal.malformed("X-Sluice-User is longer than 255 bytes.") }
    guard lookups.wrappingAdd(1, ordering: .relaxed).newValue <= Self.lookupLimit else {
      lookups.wrappingSubtract(1, ordering: .relaxed)
      meters.hit(.keyLookups)
      throw .overloaded
    }
    defer { lookups.wrappingSubtract(1, ordering: .relaxed) }
    let found: Known
    do {
      guard let (surface, identity) = try await store.key(hash: hash) else { throw Refusal.badToken }
      if let user {
        // Who is kept out makes no new identities.
        guard memory.judge(identity, issued: nil) != nil else { throw Refusal.badToken }
        let linked = try await store.link(surface: surface, externalUser: user, fresh: ID.fresh())
        found = Known(
          credential: Credential(identity: linked, service: identity), surface: surface, user: user, at: .now())
      } else {
        found = Known(credential: Credential(identity: identity), surface: surface, user: nil, at: .now())
      }
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw (error as? StoreError).map { Refusal($0) } ?? Refusal.unavailable
    }
    known.withLock { known in
      if known.count >= Self.keyLimit { known.removeAll(keepingCapacity: true) }
      known[Self.name(hash, user)] = found
    }
    return try grant(of: found)
  }

  /// Nil: to be looked up.
  private func remembered(_ key: String, user: String?) -> Verdict? {
    let name = Self.name(Self.hash(of: key), user)
    guard let known = known.withLock({ $0[name] }), Instant.now().milliseconds(since: known.at) < Self.keyMemory else {
      return nil
    }
    do throws(Refusal) { return .granted(try grant(of: known)) } catch { return .refused(error) }
  }

  private func grant(of known: Known) throws(Refusal) -> Grant {
    guard let identity = memory.judge(known.credential) else { throw .badToken }
    return Grant(principal: .identity(identity, surface: known.surface), credential: known.credential)
  }

  /// A link was made or taken back: who comes by it is looked up again. Other nodes do so within `keyMemory`.
  func forget(user: String, of surface: ID) {
    known.withLock { known in known = known.filter { $0.value.user != user || $0.value.surface != surface } }
  }

  private static func hash(of key: String) -> [UInt8] { Array(SHA256.hash(data: Array(key.utf8))) }

  /// Under which a key and an external user are remembered.
  private static func name(_ hash: [UInt8], _ user: String?) -> String { "\(Base64URL.encode(hash)) \(user ?? "")" }

  /// The origin to name to the browser, nil for a same-origin request. Throws `origin_refused`.
  func origin(of request: Request, surface: ID) throws(Refusal) -> String? {
    guard let origin = request.origin, !request.isSameOrigin else { return nil }
    guard surfaces.find(surface)?.allows(origin: origin) == true else { throw Refusal.originRefused }
    return origin
  }

  /// For an error before the surface is known: the origin, if any surface allows it.
  func origin(of request: Request) -> String? {
    guard let origin = request.origin, !request.isSameOrigin, surfaces.allows(origin: origin) else { return nil }
    return origin
  }

  /// Replies with what `body` makes, or with its refusal.
  func reply(
    to request: Request, on exchange: Exchange, _ body: @escaping @Sendable () async throws(Refusal) -> Response
  ) {
    Task {
      do throws(Refusal) {
        exchange.reply(try await body())
      } catch {
        exchange.reply(response(to: request, refusing: error))
      }
    }
  }

  /// The answer that a refusal is, counted by its code.
  func response(to request: Request, refusing refusal: Refusal) -> Response {
    meters.refused(refusal.code)
    return refusal.response(origin: origin(of: request))
  }

  /// The answer to what no route takes, counted as well.
  func unmatched(allow methods: [Method]) -> Response {
    meters.refused(methods.isEmpty ? .notFound : .methodNotAllowed)
    return .unmatched(allow: methods)
  }

  /// RFC 6750, section 2.1: the scheme, one blank or more, the token.
  private static func bearer(_ authorization: String) -> String? {
    let bytes = authorization.utf8
    let scheme = "bearer ".utf8
    guard bytes.count > scheme.count, zip(bytes, scheme).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 }) else { return nil }
    let credential = bytes.dropFirst(scheme.count).drop { $0 == 0x20 }
    return credential.isEmpty ? nil : String(Substring(credential))
  }
}

extension Request {
  /// A page that this very host served; browsers send `Origin` with its POSTs too. The scheme does not count: nginx
  /// often stands behind somebody who ends TLS.
  var isSameOrigin: Bool {
    guard let origin, let host else { return false }
    let parts = origin.split(separator: "/")
    return parts.count == 2 && parts[1].lowercased() == host.lowercased()
  }
}
