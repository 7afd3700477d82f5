import Providers
import Wire

/// `tools` and `tool_choice` of a completion, checked. They are the client's own: the model's calls go back to it.
enum CompletionTools {
  static let most = 128
  private static let longestName = 64

  /// Nothing is offered where the choice is `none`. Throws 400 with the member at fault.
  static func read(
    _ tools: JSONElement?, choice: JSONElement?, parallel: Bool?
  ) throws(Refusal) -> ProviderTools {
    var list: [ProviderTools.Tool] = []
    if let tools {
      guard tools.kind == .array, tools.count <= most else {
        throw Refusal.malformed("`tools` is not a list of at most \(most) tools.").at("tools")
      }
      for (index, element) in tools.elements.enumerated() { list.append(try tool(element, "tools[\(index)]")) }
    }
    if choice?.string == "none" { return ProviderTools() }
    return ProviderTools(list, choice: try read(choice, of: list), parallel: parallel ?? true)
  }

  private static func tool(_ tool: JSONElement, _ param: String) throws(Refusal) -> ProviderTools.Tool {
    guard tool["type"]?.string == "function" else { throw CompletionRequest.unsupported("\(param).type") }
    let function = tool["function"]
    guard let name = function?["name"]?.string, (1...longestName).contains(name.utf8.count),
      name.utf8.allSatisfy(isOfName)
    else {
      throw Refusal.malformed("The name of a tool is not 1 to \(longestName) of a-z, A-Z, 0-9, _ and -.")
        .at("\(param).function.name")
    }
    var schema = #"{"type":"object","properties":{}}"#
    if let parameters = function?["parameters"], !parameters.isNull {
      guard parameters.kind == .object, let json = parameters.minified else {
        throw Refusal.malformed("`parameters` is not a JSON Schema.").at("\(param).function.parameters")
      }
      schema = String(decoding: json, as: UTF8.self)
    }
    return ProviderTools.Tool(
      name: name, description: function?["description"]?.string ?? "", schema: schema,
      isStrict: function?["strict"]?.bool ?? false)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
    default: false
    }
  }

  private static func read(
    _ choice: JSONElement?, of tools: [ProviderTools.Tool]
  ) throws(Refusal) -> ProviderTools.Choice {
    guard let choice else { return .auto }
    switch choice.string {
    case "auto": return .auto
    case "required" where !tools.isEmpty: return .required
    case nil where choice["type"]?.string == "function":
      guard let name = choice["function"]?["name"]?.string, tools.contains(where: { $0.name == name }) else { break }
      return .tool(name)
    case nil: throw CompletionRequest.unsupported("tool_choice")
    default: break
    }
    throw Refusal.malformed("`tool_choice` names nothing that `tools` offers.").at("tool_choice")
  }
}
