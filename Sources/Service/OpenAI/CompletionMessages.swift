import Providers
import Store
import Wire

/// `messages` of a completion, checked: the whole conversation, as the client has it.
struct CompletionMessages {
  /// So many messages.
  static let most = 2_048
  /// Tool calls of one message.
  static let mostCalls = 128
  /// Bytes of a call's id and of a tool's name.
  static let longestName = 512

  private(set) var list: [ProviderMessage] = []
  /// The last message of the user's, as the conversation shows it: JSON parts.
  private(set) var said: [UInt8] = []
  private(set) var estimatedTokens = 0

  /// Tools by the id of their last call: a result names the call, and providers want the tool's name too.
  private var called: [String: String] = [:]

  /// Throws 400 and 413, with the member at fault.
  init(_ value: JSONElement?) throws(Refusal) {
    guard let value, value.kind == .array, (1...Self.most).contains(value.count) else {
      throw Refusal.malformed("`messages` is not a list of 1 to \(Self.most) messages.").at("messages")
    }
    for (index, message) in value.elements.enumerated() { try add(message, "messages[\(index)]") }
    if said.isEmpty { throw Refusal.malformed("`messages` holds none of the user's.").at("messages") }
  }

  private mutating func add(_ message: JSONElement, _ param: String) throws(Refusal) {
    guard let role = message["role"]?.string else {
      throw Refusal.malformed("A message has no `role`.").at("\(param).role")
    }
    switch role {
    case "system", "developer":
      append(.system, try CompletionContent.texts(message["content"], "\(param).content"))
    case "user": try addUser(message, param)
    case "assistant": try addAssistant(message, param)
    case "tool": try addResult(message, param)
    default: throw CompletionRequest.unsupported("\(param).role")
    }
  }

  private mutating func append(_ role: ProviderMessage.Role, _ parts: [MessagePart]) {
    list.append(ProviderMessage(role: role, parts: parts))
    for part in parts {
      switch part {
      case .text(let text): estimatedTokens += TokenEstimate.of(text: text.utf8.count, images: 0)
      case .image, .imageData: estimatedTokens += TokenEstimate.image
      case .toolCall(let call): estimatedTokens += TokenEstimate.of(text: call.arguments.utf8.count, images: 0)
      case .toolResult(let result): estimatedTokens += TokenEstimate.of(text: result.text.utf8.count, images: 0)
      case .kept: break
      }
    }
  }

  private mutating func addUser(_ message: JSONElement, _ param: String) throws(Refusal) {
    let parts = try CompletionContent.parts(message["content"], "\(param).content")
    do throws(Refusal) { said = try MessageParts(parts).json } catch { throw error.at("\(param).content") }
    append(.user, parts)
  }

  private mutating func addAssistant(_ message: JSONElement, _ param: String) throws(Refusal) {
    for member in [("function_call", message["function_call"]), ("audio", message["audio"])] {
      if let value = member.1, !value.isNull { throw CompletionRequest.unsupported("\(param).\(member.0)") }
    }
    var parts: [MessagePart] = []
    if let content = message["content"], !content.isNull {
      parts = try CompletionContent.texts(content, "\(param).content")
    }
    if let refusal = message["refusal"]?.string { parts.append(.text(refusal)) }
    if let value = message["tool_calls"], !value.isNull {
      guard value.kind == .array, (1...Self.mostCalls).contains(value.count) else {
        throw Refusal.malformed("`tool_calls` is not a list of 1 to \(Self.mostCalls) calls.").at("\(param).tool_calls")
      }
      for (index, element) in value.elements.enumerated() {
        let call = try Self.call(element, "\(param).tool_calls[\(index)]")
        called[call.id] = call.name
        parts.append(.toolCall(call))
      }
    }
    guard !parts.isEmpty else {
      throw Refusal.malformed("A message of the assistant's has neither `content` nor `tool_calls`.")
        .at("\(param).content")
    }
    append(.assistant, parts)
  }

  private static func call(_ call: JSONElement, _ param: String) throws(Refusal) -> MessagePart.ToolCall {
    guard call["type"].map({ $0.string == "function" }) ?? true else {
      throw CompletionRequest.unsupported("\(param).type")
    }
    let function = call["function"]
    guard let id = call["id"]?.string, let name = function?["name"]?.string, isName(id), isName(name),
      let arguments = function?["arguments"]?.string
    else {
      throw Refusal.malformed("A tool call has no `id`, or no function with `name` and `arguments`.").at(param)
    }
    return MessagePart.ToolCall(id: id, name: name, arguments: arguments)
  }

  private static func isName(_ text: String) -> Bool { (1...longestName).contains(text.utf8.count) }

  /// The results of one message's calls are one message to providers.
  private mutating func addResult(_ message: JSONElement, _ param: String) throws(Refusal) {
    guard let id = message["tool_call_id"]?.string, let name = called[id] else {
      throw Refusal.malformed("`tool_call_id` names no call of a message before it.").at("\(param).tool_call_id")
    }
    let texts = try CompletionContent.texts(message["content"], "\(param).content")
    let text = texts.map { if case .text(let text) = $0 { text } else { "" } }.joined()
    let result = MessagePart.toolResult(MessagePart.ToolResult(id: id, name: name, text: text))
    if let last = list.last, last.role == .tool {
      list.removeLast()
      estimatedTokens += TokenEstimate.of(text: text.utf8.count, images: 0)
      list.append(ProviderMessage(role: .tool, parts: last.parts + [result]))
    } else {
      append(.tool, [result])
    }
  }
}
