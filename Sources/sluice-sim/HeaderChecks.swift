import NIOHTTP1

/// What more than one provider checks.
extension HTTPHeaders {
  /// The token of `Authorization: Bearer …`; nil if there is none.
  var bearer: String? {
    guard let value = first(name: "authorization"), value.hasPrefix("Bearer ") else { return nil }
    return String(value.dropFirst("Bearer ".count))
  }

  /// - Throws: a 400 unless the body is said to be JSON.
  func mustBeJSON() throws(Refusal) {
    let type = first(name: "content-type")?.split(separator: ";").first?.lowercased()
    guard type == "application/json" else { throw .wrongContentType }
  }
}
