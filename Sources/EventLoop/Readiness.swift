import CLinux

/// What a descriptor is watched for, or ready for.
package struct Readiness: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let read = Readiness(rawValue: EPOLLIN.rawValue)
  package static let write = Readiness(rawValue: EPOLLOUT.rawValue)
  /// The peer closed its sending half. Watched only if asked for.
  package static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
  /// Both halves are closed, or the descriptor failed. Always reported.
  package static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
  /// For a listening socket in several loops: the kernel wakes one of them.
  package static let exclusive = Readiness(rawValue: 1 << 28)  // EPOLLEXCLUSIVE
}

/// Told on its loop when a watched descriptor is ready. Level-triggered.
package protocol ReadinessHandler: AnyObject {
  func ready(_ readiness: Readiness, descriptor: Int32)
}

/// Told on its loop when a timer is due. `token` is what `schedule` was given: one object may own many timers.
package protocol TimerHandler: AnyObject {
  func timerFired(_ token: Int)
}

/// A watched descriptor. Stale events of a watch that has ended are dropped by its generation.
package struct Watch: Hashable, Sendable {
  let slot: UInt32
  let generation: UInt32
}

/// A pending timer. Cancelling one that has fired does nothing.
package struct TimerID: Hashable, Sendable {
  let slot: UInt32
  let generation: UInt32
}
