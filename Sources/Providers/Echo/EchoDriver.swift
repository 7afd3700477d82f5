/// Says what it was told: for demonstrations without a provider.
package struct EchoDriver: ProviderDriver {
  package let name = "echo"
  package let toolMembers: [String] = []

  package init() {}

  package func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String { "" }

  package func ownAnswer(to call: ProviderCall) -> String? {
    let texts = call.messages.last { $0.role == .user }?.parts.compactMap { part in
      if case .text(let text) = part { text } else { nil }
    }
    return texts?.joined(separator: "\n") ?? ""
  }

  package func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest { throw Self.asksNobody }

  package func authorize(
    _ request: inout ProviderRequest, with credential: String?, at time: Int
  ) throws(ProviderError) { throw Self.asksNobody }

  package func decoder(streaming: Bool) -> any ProviderDecoder { OpenAIReader.decoder(streaming: streaming) }

  private static let asksNobody = ProviderError(.misconfigured, cause: "driver: echo asks nobody")
}
