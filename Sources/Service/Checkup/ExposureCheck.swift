import Store

/// Whether content, secrets and the books are open to roles that they are not for.
enum ExposureCheck {
  static func findings(_ exposures: [CheckupStore.Exposure]) -> [Finding] {
    if exposures.isEmpty { return [.ok("exposure", "no role of the schema has more rights than it should")] }
    return exposures.map { .warn("exposure", $0.text, mend: $0.mend) }
  }
}
