/// Whether this machine and PostgreSQL agree on the time: ids and tokens are made by the one, judged by the other.
enum ClockCheck {
  /// How far PostgreSQL's clock is ahead, in microseconds.
  struct Offset: Equatable {
    let microseconds: Int
    /// What it may be wrong by: half of the round trip.
    let uncertainty: Int

    /// `asked` and `theirs`: microseconds since 1970; `took`: the round trip. The answer is taken for its middle.
    init(asked: Int, took: Int, theirs: Int) {
      microseconds = theirs - asked - took / 2
      uncertainty = took / 2
    }
  }

  private static let tolerable = 1_000_000
  private static let bearable = 60_000_000

  static func findings(_ offset: Offset) -> [Finding] {
    // What the network alone may have caused is no finding.
    let certain = max(0, abs(offset.microseconds) - offset.uncertainty)
    let direction = offset.microseconds < 0 ? "behind" : "ahead of"
    let text = "PostgreSQL's is \(Self.time(offset.microseconds)) \(direction) this machine's"
    let mend = "let both machines follow the same time servers: `timedatectl`, `chronyc tracking`"
    if certain > bearable { return [.fail("clock", text, mend: mend)] }
    if certain > tolerable { return [.warn("clock", text, mend: mend)] }
    return [.ok("clock", "within \(Self.time(abs(offset.microseconds) + offset.uncertainty)) of PostgreSQL's")]
  }

  private static func time(_ microseconds: Int) -> String {
    let value = abs(microseconds)
    return value < 1_000_000 ? "\((value + 999) / 1_000) ms" : "\(value / 1_000_000).\(value / 100_000 % 10) s"
  }
}
