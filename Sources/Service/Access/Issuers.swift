import Chat
import EventLoop
import Store
import Synchronization

/// The issuers in memory, with their keys, read anew every second.
final class Issuers: Sendable {
  struct Entry: Sendable {
    let issuer: IssuerStore.Issuer
    let keys: IssuerKeys
  }

  private let store: IssuerStore
  private let means: IssuerKeys.Means
  private let entries = Mutex<[Entry]>([])

  init(store: IssuerStore, means: IssuerKeys.Means) {
    self.store = store
    self.means = means
  }

  /// An issuer that has changed keeps the keys that it had, if they are where they were.
  func reload() async throws(StoreError) {
    let all = try await store.issuers()
    let isGone = entries.withLock { entries in
      let former = entries
      entries = all.map { issuer in
        let known = former.first { $0.issuer.id == issuer.id && $0.issuer.keys == issuer.keys }
        return Entry(issuer: issuer, keys: known?.keys ?? IssuerKeys(of: issuer, means))
      }
      return former.contains { !all.contains($0.issuer) }
    }
    if isGone { means.keyIsGone() }
    for entry in entries.withLock({ $0 }) { entry.keys.tick() }
  }

  /// Whose token it says it is; nil if nobody's.
  func find(_ claims: WebTokenClaims) -> Entry? {
    let entries = entries.withLock { $0 }
    guard let issuer = IssuerStore.Issuer.of(claims, among: entries.map(\.issuer)) else { return nil }
    return entries.first { $0.issuer.id == issuer.id }
  }
}
