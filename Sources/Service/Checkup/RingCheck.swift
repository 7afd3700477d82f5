import Store

/// Whether the ring of `turn_delta` is whole, turns as it should, and has every row in its day's leaf.
enum RingCheck {
  static func findings(_ leaves: [CheckupStore.Leaf]) -> [Finding] {
    var findings: [Finding] = []
    if let leaf = leaves.first, leaf.leaves != 8 {
      findings.append(
        .fail(
          "ring", "turn_delta has \(leaf.leaves) leaves, not 8",
          mend: "only the change turn_delta makes leaves: undo what was attached or detached by hand"))
    }
    for leaf in leaves { findings += Self.findings(leaf) }
    let filled = leaves.filter(\.isFilled).count
    return findings.isEmpty ? [.ok("ring", "8 leaves, \(filled) in use, every row in its own")] : findings
  }

  private static func findings(_ leaf: CheckupStore.Leaf) -> [Finding] {
    let name = "sluice.turn_delta_\(leaf.slot)"
    guard leaf.isInPlace else {
      return [
        .fail(
          "ring", "\(name) is not the leaf of slot \(leaf.slot)",
          mend: "alter table sluice.turn_delta attach partition \(name) for values in (\(leaf.slot));")
      ]
    }
    guard leaf.isFilled else { return [] }
    guard let days = leaf.days, days.first % 8 == leaf.slot, days.last % 8 == leaf.slot else {
      return [
        .fail(
          "ring", "\(name) holds rows of another day",
          mend: "some other program writes there; look at `select * from \(name) where sluice.uuid_time(turn_id) …`")
      ]
    }
    if days.last > leaf.today + 1 {
      return [
        .fail(
          "ring", "\(name) holds turns of \(days.last - leaf.today) days ahead",
          mend: "a node's clock is wrong; mend it before the ring comes round to that day")
      ]
    }
    let recycled = (leaf.today + 2) % 8
    if leaf.slot == recycled, leaf.isLive {
      return [
        .warn(
          "ring", "\(name) holds a live turn and cannot be emptied, though its day comes in two",
          mend: "look at sluice.live_turn: a turn may live 24 hours; end it by a cancel or by voiding its node")
      ]
    }
    // The leaf two days ahead holds the day before the last five; only what is older was left behind.
    if days.first < leaf.today - 6 {
      return [
        .warn(
          "ring", "\(name) still holds turns of \(leaf.today - days.first) days ago",
          mend: "a running node empties one leaf an hour, two days ahead; until then they cost no more than room")
      ]
    }
    return []
  }
}
