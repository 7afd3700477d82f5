import Glibc

/// A point on one of the kernel's clocks, in nanoseconds.
package struct Instant: Comparable, Hashable, Sendable {
  package var nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  package static let distantFuture = Instant(nanoseconds: .max)

  /// CLOCK_MONOTONIC: for timers. It stands still while the machine sleeps.
  package static func now() -> Instant { read(CLOCK_MONOTONIC) }

  /// CLOCK_BOOTTIME: for leases. It goes on while the machine sleeps, so a node that slept past its lease knows.
  package static func boot() -> Instant { read(CLOCK_BOOTTIME) }

  /// CLOCK_REALTIME since 1970: for ids and expiry dates only.
  package static func wall() -> Instant { read(CLOCK_REALTIME) }

  private static func read(_ clock: clockid_t) -> Instant {
    var time = timespec()
    clock_gettime(clock, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
  }

  package static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Later by `milliseconds`; saturates at `distantFuture`.
  package func advanced(milliseconds: Int) -> Instant {
    let (span, tooLong) = UInt64(max(0, milliseconds)).multipliedReportingOverflow(by: 1_000_000)
    let (sum, tooLate) = nanoseconds.addingReportingOverflow(span)
    return tooLong || tooLate ? .distantFuture : Instant(nanoseconds: sum)
  }

  /// That of a clock that counts milliseconds.
  package init(milliseconds: Int) { self.init(nanoseconds: UInt64(max(0, milliseconds)) &* 1_000_000) }

  /// Whole milliseconds on its clock.
  package var milliseconds: Int { Int(nanoseconds / 1_000_000) }

  /// Milliseconds from `earlier` to this, 0 if `earlier` is later.
  package func milliseconds(since earlier: Instant) -> Int {
    self <= earlier ? 0 : Int((nanoseconds - earlier.nanoseconds) / 1_000_000)
  }
}
