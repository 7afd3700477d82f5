import Wire

/// What a route says beyond its driver: JSON merged into the body, further headers, further parameters of the query.
package struct ProviderOverrides: Sendable {
  /// A JSON object; nil for none.
  let body: String?
  let headers: [(name: String, value: String)]
  let query: [(name: String, value: String)]

  package static let none = ProviderOverrides(body: nil, headers: [], query: [])

  private init(body: String?, headers: [(name: String, value: String)], query: [(name: String, value: String)]) {
    self.body = body
    self.headers = headers
    self.query = query
  }

  /// `body` is a JSON object; `headers` and `query` are objects of strings. Nil and empty ones change nothing. Throws
  /// `model_misconfigured`; the cause names the column and the member.
  package init(body: String? = nil, headers: String? = nil, query: String? = nil) throws(ProviderError) {
    self.body = try Self.checked(body)
    self.headers = try Self.texts(headers, of: "headers") { name, value in
      !name.isEmpty && name.utf8.allSatisfy(Self.isTokenByte) && !Self.ownHeaders.contains(name.lowercased())
        && value.utf8.allSatisfy { $0 == 0x20 || $0 > 0x20 && $0 < 0x7F }
    }
    self.query = try Self.texts(query, of: "query") { name, _ in !name.isEmpty }
  }

  /// What the transfer or the credential sets.
  private static let ownHeaders: Set<String> = [
    "host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding", "expect",
    "authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie", "te", "trailer", "upgrade",
  ]

  private static func checked(_ body: String?) throws(ProviderError) -> String? {
    guard let body, body != "{}" else { return nil }
    let document = try document(body, of: "overrides")
    guard document.root["stream"] == nil else {
      throw ProviderError(.misconfigured, cause: "overrides.stream: use the virtual model's stream switch")
    }
    return body
  }

  private static func texts(
    _ json: String?, of column: String, where isGood: (String, String) -> Bool
  ) throws(ProviderError) -> [(name: String, value: String)] {
    guard let json, json != "{}" else { return [] }
    var texts: [(name: String, value: String)] = []
    let document = try document(json, of: column)
    for (name, value) in document.root.members {
      let name = name.string ?? ""
      guard let value = value.string, isGood(name, value) else {
        throw ProviderError(.misconfigured, cause: "\(column).\(name): no such text can be sent")
      }
      texts.removeAll { $0.name == name }
      texts.append((name, value))
    }
    return texts
  }

  static func document(_ json: String, of column: String) throws(ProviderError) -> JSONDocument {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: json, limit: 64 << 10) } catch {
      throw ProviderError(.misconfigured, cause: "\(column): \(error.rawValue)")
    }
    guard document.root.kind == .object else { throw ProviderError(.misconfigured, cause: "\(column): not an object") }
    return document
  }

  /// RFC 9110, section 5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
