import Wire

/// What a JSON Web Key Set (RFC 7517, section 5) holds that is of use here.
struct WebKeySet: Sendable {
  /// Bytes of its JSON at most.
  static let byteLimit = 64 << 10
  /// Keys at most, be they of use or not.
  static let keyLimit = 64

  let keys: [WebKey]
  /// Those that are of no use.
  let skipped: Int

  /// Why a text is no set. Holds nothing of it.
  struct Invalid: Error, CustomStringConvertible {
    let description: String
  }

  init(json: [UInt8]) throws(Invalid) {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: json, limit: Self.byteLimit) } catch {
      throw Invalid(description: "no JSON (\(error.rawValue))")
    }
    guard let list = document.root["keys"], list.kind == .array else {
      throw Invalid(description: "no JSON Web Key Set: there is no `keys`")
    }
    guard list.count <= Self.keyLimit else { throw Invalid(description: "more than \(Self.keyLimit) keys") }
    keys = list.elements.compactMap { WebKey($0) }
    skipped = list.count - keys.count
    // An empty set says that nothing is signed any more; one of which nothing can be used is a mistake.
    guard skipped == 0 || !keys.isEmpty else {
      throw Invalid(description: "no public key for EdDSA, ES256 or RS256 among its \(skipped)")
    }
  }
}
