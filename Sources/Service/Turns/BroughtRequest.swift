import Providers
import Wire

/// What a client has sent for a turn that does not go on with a conversation: the whole history, and how it wants the
/// answer. Its JSON is `turn.request`, for whoever begins the turn anew.
///
/// Schemas and parameters are texts in it: `jsonb` would sort the members of objects, and the order of a schema's is
/// that of the answer's.
struct BroughtRequest: Sendable {
  let messages: [ProviderMessage]
  /// Empty if the client offers none.
  let tools: ProviderTools
  /// Those that the client has set.
  let parameters: ProviderParameters

  init(messages: [ProviderMessage], tools: ProviderTools, parameters: ProviderParameters) {
    self.messages = messages
    self.tools = tools
    self.parameters = parameters
  }

  var offersTools: Bool { !tools.list.isEmpty }

  /// Whether it offers tools, or holds calls and results: a model that knows none would be told only half.
  var speaksOfTools: Bool {
    offersTools
      || messages.contains { message in
        message.role == .tool || message.parts.contains { if case .toolCall = $0 { true } else { false } }
      }
  }

  var hasImages: Bool {
    messages.contains { message in
      message.parts.contains { part in
        switch part {
        case .image, .imageData: true
        case .text, .toolCall, .toolResult, .kept: false
        }
      }
    }
  }

  /// Reads what `json` has written; members that it does not know are left out. Throws `model_misconfigured` for what is
  /// no such text.
  init(json: [UInt8]) throws(ProviderError) {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: json) } catch {
      throw ProviderError(.misconfigured, cause: "request: \(error.rawValue)")
    }
    let root = document.root
    messages =
      root["messages"]?.elements.compactMap { message in
        guard let role = message["role"]?.string.flatMap(ProviderMessage.Role.init), let parts = message["parts"] else {
          return nil
        }
        return ProviderMessage(role: role, parts: MessagePart.parse(parts))
      } ?? []
    tools = ProviderTools(
      root["tools"]?.elements.compactMap { Self.tool($0) } ?? [], choice: Self.choice(root["tool_choice"]),
      parallel: root["parallel_tool_calls"]?.bool ?? true)
    // As long as a request may be: a schema may be long.
    parameters = try ProviderParameters(json: root["parameters"]?.string ?? "{}", limit: JSONDocument.defaultLimit)
  }

  private static func tool(_ tool: JSONElement) -> ProviderTools.Tool? {
    guard let name = tool["name"]?.string, let schema = tool["schema"]?.string else { return nil }
    return ProviderTools.Tool(
      name: name, description: tool["description"]?.string ?? "", schema: schema,
      isStrict: tool["strict"]?.bool ?? false)
  }

  private static func choice(_ choice: JSONElement?) -> ProviderTools.Choice {
    if let name = choice?["name"]?.string { return .tool(name) }
    return choice?.string == "required" ? .required : .auto
  }

  /// A JSON object, members in a fixed order.
  var json: [UInt8] {
    var writer = JSONWriter(capacity: 4_096)
    writer.beginObject()
    writer.key("messages")
    writer.beginArray()
    for message in messages {
      writer.beginObject()
      writer.member("role", message.role.rawValue)
      writer.key("parts")
      MessagePart.write(message.parts, to: &writer)
      writer.endObject()
    }
    writer.endArray()
    if offersTools { writeTools(to: &writer) }
    writer.member("parameters", parameters.json)
    writer.endObject()
    return writer.bytes
  }

  private func writeTools(to writer: inout JSONWriter) {
    writer.key("tools")
    writer.beginArray()
    for tool in tools.list {
      writer.beginObject()
      writer.member("name", tool.name)
      writer.member("description", tool.description)
      writer.member("schema", tool.schema)
      writer.member("strict", tool.isStrict)
      writer.endObject()
    }
    writer.endArray()
    switch tools.choice {
    case .auto: break
    case .required: writer.member("tool_choice", "required")
    case .tool(let name):
      writer.key("tool_choice")
      writer.beginObject()
      writer.member("name", name)
      writer.endObject()
    }
    writer.member("parallel_tool_calls", tools.parallel)
  }
}
