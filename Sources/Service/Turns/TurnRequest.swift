import Providers
import Store

/// What a turn asks its providers: the same on every route, and on every node that begins it anew.
struct TurnRequest: Sendable {
  let messages: [ProviderMessage]
  /// Nil: no word of tools is said.
  let tools: ProviderTools?
  let parameters: ProviderParameters

  /// `brought`: what the client has sent (`turn.request`), in place of the conversation's `history`. Its tools are left
  /// out where the virtual model knows none; its parameters replace the virtual model's. Throws `model_misconfigured` for
  /// what cannot be read.
  init(
    plan: StartStore.Plan, history: [StartStore.Message], brought: [UInt8]? = nil
  ) throws(ProviderError) {
    let own = try ProviderParameters(json: plan.parameters)
    guard let brought else {
      messages = try Self.messages(history)
      tools = plan.usesTools ? ProviderTools() : nil
      parameters = own
      return
    }
    let request = try BroughtRequest(json: brought)
    messages = request.messages
    tools = plan.usesTools ? request.tools : nil
    parameters = own.replaced(by: request.parameters)
  }

  /// What all of it is taken for, with the virtual model's prompts.
  func estimatedTokens(with plan: StartStore.Plan) -> Int {
    var text = (plan.systemPrompt?.utf8.count ?? 0) + (plan.prefixPrompt?.utf8.count ?? 0)
    var images = 0
    for part in messages.lazy.flatMap(\.parts) {
      switch part {
      case .text(let part): text += part.utf8.count
      case .image, .imageData: images += 1
      case .toolCall(let call): text += call.name.utf8.count + call.arguments.utf8.count
      case .toolResult(let result): text += result.text.utf8.count
      case .kept(_, let json): text += json.count
      }
    }
    for tool in tools?.list ?? [] {
      text += tool.name.utf8.count + tool.description.utf8.count + tool.schema.utf8.count
    }
    return TokenEstimate.of(text: text, images: images)
  }

  private static func messages(_ history: [StartStore.Message]) throws(ProviderError) -> [ProviderMessage] {
    var messages: [ProviderMessage] = []
    for message in history {
      guard let role = ProviderMessage.Role(rawValue: message.role) else { continue }
      messages.append(ProviderMessage(role: role, parts: try MessagePart.parse(message.parts)))
    }
    return messages
  }
}
