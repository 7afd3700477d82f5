import Chat
import EventLoop
import Store
import Synchronization

/// The surfaces in memory, read anew every second: who may ask from where, and at which pace.
final class Surfaces: Sendable {
  private struct Minute {
    var begun = Instant(nanoseconds: 0)
    var count = 0
    /// No more entries than sessions were given.
    var byAddress: [String: Int] = [:]
  }

  private struct State {
    var byID: [ID: AccessStore.Surface] = [:]
    var origins: Set<String> = []
    var sessions: [ID: Minute] = [:]
    /// Of all that are enabled, and of others that somebody holds on to.
    var doorways: [ID: Doorway] = [:]

    /// As the surfaces are now; drops those that are of no use any more.
    mutating func changeDoorways() {
      for id in Array(doorways.keys) {
        guard var doorway = doorways.removeValue(forKey: id) else { continue }
        let surface = byID[id]
        doorway.change(to: surface?.capabilities)
        if surface != nil || !isKnownUniquelyReferenced(&doorway) { doorways[id] = doorway }
      }
    }
  }

  private let store: AccessStore
  private let state = Mutex(State())

  init(store: AccessStore) { self.store = store }

  func reload() async throws(StoreError) {
    let all = try await store.surfaces()
    state.withLock { state in
      state.byID = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
      state.origins = Set(all.flatMap(\.allowedOrigins))
      state.sessions = state.sessions.filter { state.byID[$0.key] != nil }
      state.changeDoorways()
    }
  }

  func find(_ id: ID) -> AccessStore.Surface? { state.withLock { $0.byID[id] } }

  func find(named name: String) -> AccessStore.Surface? {
    state.withLock { $0.byID.values.first { $0.name == name } }
  }

  /// What can be done by it, now and later; also of one that is disabled, or that this node has not read yet.
  func doorway(of surface: ID) -> Doorway {
    state.withLock { state in
      if let doorway = state.doorways[surface] { return doorway }
      let doorway = Doorway(state.byID[surface]?.capabilities)
      state.doorways[surface] = doorway
      return doorway
    }
  }

  func pacer(of surface: ID) -> Pacer { Pacer(base: find(surface)?.pace ?? 250) }

  /// Whether any surface allows this origin: for preflights, which name no surface.
  func allows(origin: String) -> Bool {
    state.withLock { $0.origins.contains("*") || $0.origins.contains(origin) }
  }

  /// Takes one anonymous session of this minute. Nil: go on; else seconds to wait. One address gets a quarter of them,
  /// or ten, so that it cannot shut the others out.
  func takeSession(of surface: AccessStore.Surface, address: String) -> Int? {
    let now = Instant.now()
    return state.withLock { state in
      var minute = state.sessions[surface.id] ?? Minute()
      let age = now.milliseconds(since: minute.begun)
      if age >= 60_000 { minute = Minute(begun: now) }
      let share = max(10, surface.sessionLimit / 4)
      guard minute.count < surface.sessionLimit, minute.byAddress[address, default: 0] < share else {
        return max(1, 60 - age / 1_000)
      }
      minute.count += 1
      minute.byAddress[address, default: 0] += 1
      state.sessions[surface.id] = minute
      return nil
    }
  }
}

extension AccessStore.Surface {
  func allows(origin: String) -> Bool { allowedOrigins.contains("*") || allowedOrigins.contains(origin) }
}
