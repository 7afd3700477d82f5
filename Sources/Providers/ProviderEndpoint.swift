/// Where a route leads.
package enum ProviderEndpoint {
  /// The base URL of a route of a driver that reads `region` as most do.
  ///
  /// `region` is a whole endpoint if it begins with `http://` or `https://`; else it is the first label of the gateway's
  /// `managedDomain` (`eu` and `llm.example.net` give `https://eu.llm.example.net`), which alone stands for itself.
  /// Neither means `fallback`, the driver's own. Throws `model_misconfigured` for a region without a domain and for
  /// characters that belong in no URL; and for neither, if `fallback` is nil.
  package static func resolve(
    region: String?, managedDomain: String?, fallback: String?
  ) throws(ProviderError) -> String {
    let region = region.flatMap { $0.isEmpty ? nil : $0 }
    let domain = managedDomain.flatMap { $0.isEmpty ? nil : $0 }
    if let region, isURL(region) { return try checked(region) }
    guard let domain else {
      guard region == nil else {
        throw ProviderError(.misconfigured, cause: "region: a short name needs the credential's managed_domain")
      }
      guard let fallback else {
        throw ProviderError(
          .misconfigured, cause: "region: an endpoint, or a credential with a managed_domain, is needed")
      }
      return fallback
    }
    let host = region.map { "\($0).\(domain)" } ?? domain
    guard host.utf8.allSatisfy(isHostByte) else {
      throw ProviderError(.misconfigured, cause: "region, managed_domain: not a host name")
    }
    return "https://\(host)"
  }

  /// `endpoint` with `path` behind its own path, before its query; `defaultPath` stands for a path it lacks.
  static func url(_ endpoint: String, defaultPath: String, path: String) throws(ProviderError) -> String {
    let endpoint = try checked(endpoint)
    let (location, query) = split(endpoint, before: "?")
    var base = location
    while base.hasSuffix("/") { base.removeLast() }
    return base + (afterScheme(base).contains("/") ? "" : defaultPath) + path + query
  }

  /// Whether there is more of a path than `/`.
  static func hasPath(_ endpoint: String) -> Bool {
    let location = afterScheme(split(endpoint, before: "?").head)
    return location.drop { $0 != "/" }.count > 1
  }

  /// The lower-case host of a URL, without port.
  static func host(of url: String) -> String {
    afterScheme(url).prefix { $0 != "/" && $0 != ":" && $0 != "?" }.lowercased()
  }

  /// Authority, path and query.
  private static func afterScheme(_ url: String) -> Substring { url.drop { $0 != "/" }.dropFirst(2) }

  private static func isURL(_ text: String) -> Bool { text.hasPrefix("http://") || text.hasPrefix("https://") }

  private static func checked(_ url: String) throws(ProviderError) -> String {
    let authority = afterScheme(url).prefix { $0 != "/" && $0 != "?" }
    guard isURL(url), !authority.isEmpty, !authority.contains("@"),
      url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !url.contains("#")
    else { throw ProviderError(.misconfigured, cause: "region: not an http or https URL without user and fragment") }
    return url
  }

  private static func split(_ text: String, before separator: Character) -> (head: String, tail: String) {
    guard let index = text.firstIndex(of: separator) else { return (text, "") }
    return (String(text[..<index]), String(text[index...]))
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"): true
    default: (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
  }
}
