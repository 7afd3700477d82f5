/// The HTTP POST that asks a provider.
package struct ProviderRequest: Sendable {
  package let url: String
  /// Values may be secrets.
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]
}

extension ProviderRequest: Redacted {
  package var description: String { "POST with \(headers.map(\.name)), \(body.count) bytes" }
}
