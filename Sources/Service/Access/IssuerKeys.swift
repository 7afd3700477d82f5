import EventLoop
import Logging
import Store
import Synchronization
import Upstream

/// The keys of one issuer in memory. A file is read again when it changes, a URL each ten minutes and when a token names
/// a key that is not there. What was read once counts until something newer was.
final class IssuerKeys: Sendable {
  /// Milliseconds after which a URL is fetched again.
  static let age = 600_000
  /// Milliseconds between two attempts.
  static let pause = 10_000
  /// Tokens that may wait for one fetch.
  static let waitingLimit = 256

  /// What an issuer's keys share with those of others.
  struct Means: Sendable {
    let upstream: UpstreamPool
    let meters: Meters
    let log: Logger
    /// A key is gone: what was verified by it counts no more.
    let keyIsGone: @Sendable () -> Void
  }

  private struct State {
    var set: VerifierSet?
    var stamp: KeyFile.Stamp?
    var attempted: Instant?
    var read: Instant?
    var isUnderWay = false
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// What was logged last of a failure; nil after a success.
    var told: String?
  }

  let place: KeyPlace
  private let issuer: IssuerStore.Issuer
  private let means: Means
  private let state = Mutex(State())

  init(of issuer: IssuerStore.Issuer, _ means: Means) {
    self.issuer = issuer
    place = KeyPlace(issuer.keys)
    self.means = means
  }

  /// The key that a token says it is signed with. Waits for the keys if they may have changed.
  func verifier(for header: WebTokenHeader) async throws(WebTokenFault) -> Verifier {
    let former = state.withLock { $0.set }
    switch former?.find(header) {
    case .verifier(let verifier): return verifier
    case .unfit: throw .algorithm
    case .unclear: throw .key
    case .unknown, nil: break
    }
    try await refresh()
    guard let set = state.withLock({ $0.set }) else { throw .unavailable }
    switch set.find(header) {
    case .verifier(let verifier): return verifier
    case .unfit: throw .algorithm
    case .unclear, .unknown: throw .key
    }
  }

  /// Once a second: reads what may have changed.
  func tick(at now: Instant = .now()) {
    let stamp = place.file?.stamp
    let isDue = state.withLock { state in
      if state.isUnderWay { return false }
      if place.file != nil, stamp != state.stamp || state.attempted == nil {
        state.stamp = stamp
      } else {
        guard Self.isDue(state, at: now), place.file == nil else { return false }
      }
      state.isUnderWay = true
      state.attempted = now
      return true
    }
    if isDue { begin() }
  }

  private static func isDue(_ state: State, at now: Instant) -> Bool {
    guard let attempted = state.attempted else { return true }
    guard now.milliseconds(since: attempted) >= pause else { return false }
    return state.read.map { now.milliseconds(since: $0) >= age } ?? true
  }

  /// Reads them, or waits for who does; neither if that was done a moment ago.
  private func refresh() async throws(WebTokenFault) {
    enum Way { case begins, waits, done, crowded }
    let now = Instant.now()
    var way = Way.done
    await withCheckedContinuation { continuation in
      way = state.withLock { state in
        if !state.isUnderWay {
          if let attempted = state.attempted, now.milliseconds(since: attempted) < Self.pause { return .done }
          state.isUnderWay = true
          state.attempted = now
          state.waiting.append(continuation)
          return .begins
        }
        guard state.waiting.count < Self.waitingLimit else { return .crowded }
        state.waiting.append(continuation)
        return .waits
      }
      if way == .done || way == .crowded { continuation.resume() }
      if way == .begins { begin() }
    }
    if way == .crowded {
      means.meters.hit(.issuerKeys)
      throw .crowded
    }
  }

  private func begin() {
    Task { [self] in
      let result: Result<VerifierSet, KeyFault>
      do throws(KeyFault) { result = .success(try await place.read(by: means.upstream)) } catch {
        result = .failure(error)
      }
      finish(result)
    }
  }

  private func finish(_ result: Result<VerifierSet, KeyFault>) {
    var isGone = false
    let (waiting, news) = state.withLock { state in
      let words: String?
      switch result {
      case .success(let set):
        isGone = state.set.map { !set.holds($0) } ?? false
        state.set = set
        state.read = .now()
        words = nil
      case .failure(let fault): words = fault.description
      }
      defer {
        state.told = words
        state.isUnderWay = false
        state.waiting = []
      }
      return (state.waiting, state.told != words)
    }
    if isGone { means.keyIsGone() }
    tell(result, isNews: news)
    for continuation in waiting { continuation.resume() }
  }

  private func tell(_ result: Result<VerifierSet, KeyFault>, isNews: Bool) {
    var metadata: Logger.Metadata = ["issuer": "\(issuer.id)", "place": "\(place.label)"]
    switch result {
    case .success(let set):
      means.meters.keyReadings.add(.done, in: means.meters.lane)
      metadata["keys"] = "\(set.verifiers.count)"
      means.log.log(level: isNews ? .info : .debug, "keys of an issuer read", metadata: metadata)
    case .failure(let fault):
      means.meters.keyReadings.add(fault.reading, in: means.meters.lane)
      metadata["error"] = "\(fault)"
      means.log.log(level: isNews ? .warning : .debug, "keys of an issuer not read", metadata: metadata)
    }
  }
}
