import Chat
import Synchronization

/// How many streams there may be, on this node and of each identity. Who gets no permit polls.
final class StreamPermits: Sendable {
  /// Streams of one identity on this node at most: so many tabs and devices.
  static let identityLimit = 16

  private struct State {
    var count = 0
    var byIdentity: [ID: Int] = [:]
  }

  private let limit: Atomic<Int>
  private let meters: Meters
  private let state = Mutex(State())

  /// `limit`: streams on this node at most.
  init(limit: Int, meters: Meters) {
    self.limit = Atomic(limit)
    self.meters = meters
  }

  /// From now on; streams above it go on.
  func replace(limit: Int) { self.limit.store(limit, ordering: .relaxed) }

  /// A permit, for as long as it is kept, and by what it was asked for; `identity`: nil for who may have as many as
  /// there are. Throws `too_many_streams`.
  func take(for identity: ID?, by credential: Credential) throws(Refusal) -> StreamPermit {
    let bound = state.withLock { state -> Bound? in
      guard state.count < limit.load(ordering: .relaxed) else { return .streams }
      if let identity {
        guard state.byIdentity[identity, default: 0] < Self.identityLimit else { return .identityStreams }
        state.byIdentity[identity, default: 0] += 1
      }
      state.count += 1
      return nil
    }
    if let bound {
      meters.hit(bound)
      throw .tooManyStreams
    }
    return StreamPermit(identity: identity, credential: credential, permits: self)
  }

  fileprivate func leave(_ identity: ID?) {
    state.withLock { state in
      state.count -= 1
      guard let identity else { return }
      let left = state.byIdentity[identity, default: 1] - 1
      state.byIdentity[identity] = left > 0 ? left : nil
    }
  }
}

/// One stream's.
final class StreamPermit: Sendable {
  private let identity: ID?
  let credential: Credential
  private let permits: StreamPermits

  fileprivate init(identity: ID?, credential: Credential, permits: StreamPermits) {
    self.identity = identity
    self.credential = credential
    self.permits = permits
  }

  deinit { permits.leave(identity) }
}
