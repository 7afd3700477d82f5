import Chat
import EventLoop
import Logging
import Store
import Synchronization

/// Who is refused although the credential is genuine, and who has become somebody else: what the database says of it,
/// in memory. A second after it is said there every node knows; while the database is away, what is known counts.
final class AccessMemory: Sendable {
  /// Revocations of identities, of single tokens, and merges remembered at once, each; the newest.
  static let limit = 100_000
  /// Seconds looked back at each time: a transaction may take a while to commit.
  private static let lookBack = 60
  /// Milliseconds after which all is read again: what is no longer there is forgotten.
  private static let wholeEvery = 60_000
  /// Milliseconds without an answer after which looking back may have missed something.
  private static let gap = 30_000
  /// No token lives longer, in seconds: an identity that was merged before that is named by none.
  private static let lifetime = Token.Kind.session.lifetime + 86_400

  private struct State {
    var known = KnownAccess(limit: AccessMemory.limit)
    /// Merges of this node since the reading began that is under way: it may not have seen them.
    var noted: [RevocationStore.Merge] = []
    /// When the last reading began, and the last one of all.
    var read: Instant?
    var readWhole: Instant?
  }

  private let store: RevocationStore
  private let meters: Meters
  private let log: Logger
  /// False while nothing is known: then a judgement is no more than this look.
  private let holdsAny = Atomic<Bool>(false)
  private let state = Mutex(State())

  init(store: RevocationStore, meters: Meters, log: Logger) {
    self.store = store
    self.meters = meters
    self.log = log
  }

  // MARK: judgement

  /// Whom a genuine credential acts for now; nil: it is refused. `issued`: of a token, in seconds since 1970; nil for
  /// what is issued at no time: only a block refuses it.
  func judge(_ identity: ID, issued: Int?, jti: String? = nil) -> ID? {
    guard holdsAny.load(ordering: .acquiring) else { return identity }
    return state.withLock { $0.known.judge(identity, issued: issued, jti: jti) }
  }

  /// As above.
  func judge(_ credential: Credential) -> ID? {
    if let service = credential.service, judge(service, issued: nil) == nil { return nil }
    return judge(credential.identity, issued: credential.issued, jti: credential.jti)
  }

  /// Whether anything could be refused.
  var refusesAny: Bool {
    holdsAny.load(ordering: .acquiring) && state.withLock { $0.known.refusesAny }
  }

  /// Whether what is known is no older than is promised. While it is older, a token is no ground for a fresh one, which
  /// would be newer than a revocation that this node has not heard of.
  func isCurrent(at now: Instant = .now()) -> Bool {
    state.withLock { state in
      state.read.map { now.milliseconds(since: $0) <= KnownAccess.reach * 1_000 } ?? false
    }
  }

  /// Who an identity is now, whether or not it is refused.
  func now(_ identity: ID) -> ID {
    guard holdsAny.load(ordering: .acquiring) else { return identity }
    return state.withLock { $0.known.now(identity) }
  }

  // MARK: what is known

  /// A merge that this node has made or met: it knows at once.
  func note(_ gone: ID, became kept: ID) {
    let merge = RevocationStore.Merge(gone: gone, kept: kept)
    state.withLock { state in
      if state.noted.count < Self.limit { state.noted.append(merge) }
      _ = state.known.put(merge)
      holdsAny.store(true, ordering: .releasing)
    }
  }

  /// Who an identity is that the database does not find any more: it may have been merged a moment ago. Nil: nobody.
  func ask(_ identity: ID) async throws(StoreError) -> ID? {
    let now = try await store.now(identity)
    if let now, now != identity { note(identity, became: now) }
    return now
  }

  /// Reads what is new, or all. One call at a time.
  func reload(at now: Instant = .now()) async throws(StoreError) {
    let isWhole = state.withLock { state in
      state.noted = []
      guard let read = state.read, let whole = state.readWhole else { return true }
      return now.milliseconds(since: whole) >= Self.wholeEvery || now.milliseconds(since: read) >= Self.gap
    }
    // One more than is kept, so that it shows when there are more.
    let found = try await store.read(
      seconds: isWhole ? nil : Self.lookBack, lifetime: Self.lifetime, limit: Self.limit + 1)
    learn(found.revocations, found.merges, isWhole: isWhole, at: now)
  }

  /// Takes up what was read, the newest first. `isWhole`: nothing else is there.
  func learn(
    _ revocations: [RevocationStore.Revocation], _ merges: [RevocationStore.Merge], isWhole: Bool, at now: Instant
  ) {
    let isFull = state.withLock { state in
      // Those that no more were asked for count as well.
      var isFull = revocations.count > Self.limit || merges.count > Self.limit
      if isWhole { state.known = KnownAccess(limit: Self.limit) }
      for revocation in revocations.reversed() where state.known.put(revocation) { isFull = true }
      for merge in merges.reversed() where state.known.put(merge) { isFull = true }
      for merge in state.noted where state.known.put(merge) { isFull = true }
      state.read = now
      if isWhole { state.readWhole = now }
      holdsAny.store(!state.known.isEmpty, ordering: .releasing)
      return isFull
    }
    guard isFull else { return }
    meters.hit(.revocations)
    log.error("more revocations or merged identities than a node remembers", metadata: ["limit": "\(Self.limit)"])
  }

  /// For operators.
  struct Gauges: Sendable {
    let revocations: Int
    let merges: Int
    /// Milliseconds since what is known was read; nil: it never was.
    let age: Int?
  }

  func gauges(at now: Instant = .now()) -> Gauges {
    state.withLock { state in
      Gauges(
        revocations: state.known.revocations, merges: state.known.merges,
        age: state.read.map { now.milliseconds(since: $0) })
    }
  }
}
