import Wire

/// The HTTP POST that asks a provider.
package struct ProviderRequest: Sendable {
  package internal(set) var url: String
  /// Names in lower case. Values may be secrets.
  package internal(set) var headers: [(name: String, value: String)]
  package internal(set) var body: [UInt8]

  /// A request with a JSON body.
  init(url: String, accept: String, headers: [(name: String, value: String)] = [], body: [UInt8]) {
    self.url = url
    self.headers = [("content-type", "application/json"), ("accept", accept)] + headers
    self.body = body
  }

  /// Adds the header `name: prefix credential`. Throws `model_misconfigured` for a credential that no header can hold.
  mutating func authorize(_ name: String, prefix: String = "", _ credential: String) throws(ProviderError) {
    guard !credential.isEmpty, credential.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw ProviderError(.misconfigured, cause: "credential: empty, or holds bytes that no header can")
    }
    headers.append((name: name, value: prefix + credential))
  }

  /// Adds `authorization: Bearer …` (RFC 6750). Throws as above.
  mutating func authorize(bearer credential: String) throws(ProviderError) {
    try authorize("authorization", prefix: "Bearer ", credential)
  }

  /// Merges what the route says, and drops the members of the body that are not wanted, whoever wrote them.
  mutating func merge(_ overrides: ProviderOverrides, without unwanted: [String]) throws(ProviderError) {
    for (name, value) in overrides.headers {
      let name = name.lowercased()
      headers.removeAll { $0.name == name }
      headers.append((name, value))
    }
    for (name, value) in overrides.query {
      url += (url.contains("?") ? "&" : "?") + PercentEncoding.encoded(name) + "=" + PercentEncoding.encoded(value)
    }
    guard let patch = overrides.body else { return }
    try apply(patch)
    guard !unwanted.isEmpty else { return }
    var writer = JSONWriter()
    writer.beginObject()
    for name in unwanted {
      writer.key(escaping: name)
      writer.null()
    }
    writer.endObject()
    try apply(String(decoding: writer.bytes, as: UTF8.self))
  }

  private mutating func apply(_ overrides: String) throws(ProviderError) {
    let patch = try ProviderOverrides.document(overrides, of: "overrides")
    do {
      let target = try JSONDocument(parsing: body, limit: .max)
      body = JSONMergePatch.apply(patch.root, to: target.root)
    } catch {
      throw ProviderError(.misconfigured, cause: "overrides: \(error.rawValue)")
    }
  }
}

extension ProviderRequest: Redacted {
  package var description: String { "POST with \(headers.map(\.name)), \(body.count) bytes" }
}
