import Chat
import Providers
import Upstream

/// Why one attempt to get an answer failed.
struct AttemptFailure: Sendable {
  /// For the turn's clients, if nothing else is tried.
  let error: TurnError
  /// The HTTP status, if the provider answered with one.
  let status: Int?
  /// How long the provider wants to be left alone, in milliseconds.
  let retryAfter: Int?
  /// Whether another route may do better.
  let triesElsewhere: Bool
  /// Whether it tells against the route.
  let blamesRoute: Bool

  init(_ error: ProviderError) {
    self.error = error.turnError
    status = error.status
    // As the provider says, which may be anything.
    retryAfter = error.retryAfterSeconds.map { min(max(0, $0), 86_400) * 1_000 }
    triesElsewhere = error.triesElsewhere
    blamesRoute = error.triesElsewhere
  }

  init(_ error: TransferError) {
    self.error = error.turnError
    status = nil
    retryAfter = nil
    triesElsewhere = error.code != .outOfMemory
    blamesRoute = ![.outOfMemory, .tooManyTransfers, .queueTimeout].contains(error.code)
  }

  /// As many turns run as may, on the route or in all.
  static let full = AttemptFailure(TransferError(.tooManyTransfers))
}
