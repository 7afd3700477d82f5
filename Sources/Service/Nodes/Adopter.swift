import Chat
import Logging
import Store

/// Begins turns of dead nodes anew, where their virtual model wants that and this node has places for them.
struct Adopter: Sendable {
  /// Turns taken over in one tick of the reaper, so that a provider is not asked for all of a large node's at once.
  private static let most = 200

  let node: Node
  let registry: Registry
  let store: AdoptionStore
  let starter: TurnStarter
  let surfaces: Surfaces
  let meters: Meters
  let log: Logger
  let isDraining: @Sendable () -> Bool

  /// Called once a second by the reaper. What finds no place is left to other nodes, and to the next tick.
  func adopt() async throws(StoreError) {
    if isDraining() { return }
    for orphan in try await store.orphans(limit: Self.most) {
      guard !isDraining(), node.holdsLease else { return }
      guard registry.reserve(orphan.turn) else { return meters.hit(.liveTurns) }
      defer { registry.settle(orphan.turn) }
      // The pool counts by itself which of its bounds was hit. Another model's host may have room.
      guard let place = starter.reserve(model: orphan.model, surface: orphan.surface) else { continue }
      let incarnation = node.incarnation
      guard let adopted = try await store.adopt(orphan, by: incarnation) else { continue }
      let facts = LiveTurn.Facts(
        id: orphan.turn, conversation: adopted.conversation, identity: adopted.identity, surface: orphan.surface,
        userMessage: adopted.userMessage, message: adopted.message, pacer: surfaces.pacer(of: orphan.surface),
        doorway: surfaces.doorway(of: orphan.surface), mayRestart: adopted.mayRestart)
      meters.adoptions.add(in: meters.lane)
      log.info(
        "began a dead node's turn anew", metadata: ["turn": "\(orphan.turn)", "restarts": "\(adopted.restarts)"])
      _ = starter.begin(
        facts, model: orphan.model, plan: adopted.plan, history: adopted.history, brought: adopted.request,
        incarnation: incarnation, in: place, epoch: orphan.epoch + 1)
    }
  }
}
