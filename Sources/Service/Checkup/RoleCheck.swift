import Store

/// Whether everybody who may come has something to choose.
enum RoleCheck {
  static func findings(_ gaps: [CheckupStore.RoleGap]) -> [Finding] {
    if gaps.isEmpty { return [.ok("roles", "they leave nobody without a virtual model")] }
    return gaps.map { gap in
      switch gap {
      case .surface(let name, let role):
        .warn(
          "roles",
          "\(name): \(Self.name(role)) grants no virtual model that can be chosen, and nobody has another role",
          mend: mend(role) ?? "sluice surface set \(name) --role …")
      case .visitors(let surface, let role):
        .warn(
          "roles", "\(surface): \(Self.name(role)) grants its anonymous visitors no virtual model that can be chosen",
          mend: mend(role) ?? "sluice surface set \(surface) --anonymous-role …")
      case .disabledModel(let model, let role):
        .warn(
          "roles", "\(role) grants \(model), which is disabled",
          mend: "sluice role set \(role) --drop-model \(model); or sluice model set \(model) --enable")
      }
    }
  }

  private static func name(_ role: String?) -> String { role.map { "the role \($0)" } ?? "no role" }

  private static func mend(_ role: String?) -> String? { role.map { "sluice role set \($0) --model …" } }
}
