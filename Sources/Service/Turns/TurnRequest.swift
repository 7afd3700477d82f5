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

  private static func messages(_ history: [StartStore.Message]) throws(ProviderError) -> [ProviderMessage] {
    var messages: [ProviderMessage] = []
    for message in history {
      guard let role = ProviderMessage.Role(rawValue: message.role) else { continue }
      messages.append(ProviderMessage(role: role, parts: try MessagePart.parse(message.parts)))
    }
    return messages
  }
}
