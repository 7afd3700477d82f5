import Store

/// Whether the role may do what the program's statements do.
enum RightsCheck {
  static func findings(_ rights: [CheckupStore.Right], role: String) -> [Finding] {
    var findings: [Finding] = []
    var index = rights.startIndex
    // The rights on one object come one after the other.
    while index < rights.endIndex {
      let first = rights[index]
      let same = rights[index...].prefix { $0.kind == first.kind && $0.object == first.object }
      index += same.count
      let lacking = same.filter { !$0.isGranted }.map(\.privilege)
      if !first.isPresent {
        findings.append(
          .fail(
            "rights", "the \(first.kind) \(first.object) is not there",
            mend: "run `sqitch deploy --verify` in Migrations/"))
      } else if !lacking.isEmpty {
        let privileges = lacking.joined(separator: ", ")
        let kind = first.kind == "table" ? "" : "\(first.kind) "
        findings.append(
          .fail(
            "rights", "\(role) lacks \(privileges) on \(kind)\(first.object)",
            mend: "grant \(privileges) on \(kind)\(first.object) to \(role);"))
      }
    }
    return findings.isEmpty ? [.ok("rights", "all \(rights.count) that \(role) needs")] : findings
  }
}
