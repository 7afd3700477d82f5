import ArgumentParser
import Chat
import Store

/// What a role grants, for `add` and `set`.
struct RoleColumns: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Grant this virtual model: name, id, or the id's first digits. May be repeated.",
      valueName: "name"))
  var model: [String] = []

  @Flag(inversion: .prefixedNo, help: "Grant every virtual model, those to come included.")
  var allModels: Bool?

  @Option(help: ArgumentHelp("Grant this tool, by its name. May be repeated.", valueName: "name"))
  var tool: [String] = []

  @Flag(inversion: .prefixedNo, help: "Grant every tool, those to come included.")
  var allTools: Bool?

  /// All but the models.
  func write(to changes: inout AdminChanges) {
    changes.set("all_models", allModels)
    changes.set("all_tools", allTools)
    changes.set("grant_tools", tool.isEmpty ? nil : tool)
  }

  /// Nil if none is given.
  static func modelIDs(_ names: [String], in store: AdminStore) async throws -> [String]? {
    if names.isEmpty { return nil }
    let models = try await store.rows(.models)
    return try names.map { try Models.id(of: try Models.find($0, in: models)).description }
  }
}
