import Store
import Synchronization

/// What can be done by one surface just now. Its turns hold on to it, so that a poll asks it by one load from memory:
/// no look-up, no lock.
final class Doorway: Sendable {
  /// Behind the bits of the capabilities: the surface is enabled.
  private static let open: UInt16 = 1 << 15

  private let state: Atomic<UInt16>

  /// Nil: closed.
  init(_ capabilities: Capabilities?) { state = Atomic(Self.bits(capabilities)) }

  private static func bits(_ capabilities: Capabilities?) -> UInt16 { capabilities.map { $0.rawValue | open } ?? 0 }

  /// Nil: the surface is disabled, or gone.
  func change(to capabilities: Capabilities?) { state.store(Self.bits(capabilities), ordering: .relaxed) }

  /// Throws 403 if the surface is closed, or can do nothing of what is named.
  func require(_ any: Capabilities) throws(Refusal) {
    let state = state.load(ordering: .relaxed)
    guard state & Self.open != 0 else { throw .surfaceDisabled }
    guard state & any.rawValue != 0 else { throw .missing(any) }
  }
}
