import CCurl

/// A URL in its parts, by libcurl's own parser: what is told apart here is told apart there.
struct ParsedURL {
  /// Lower case.
  let scheme: String
  /// Lower case, numeric addresses in their usual form.
  let host: String
  /// As given; nil if absent.
  let port: String?
  /// The port, or the scheme's own; nil if libcurl knows none.
  let effectivePort: String?
  let hasUser: Bool
  /// At least `/`.
  let path: String
  let query: String?

  /// Nil for what is no absolute URL, or has white space or control characters in it.
  init?(_ text: String) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let handle = curl_url() else { return nil }
    defer { curl_url_cleanup(handle) }
    let code = text.withCString { curl_url_set(handle, CURLUPART_URL, $0, UInt32(CURLU_NON_SUPPORT_SCHEME)) }
    guard code == CURLUE_OK, let scheme = Self.part(CURLUPART_SCHEME, of: handle),
      let host = Self.part(CURLUPART_HOST, of: handle), !host.isEmpty
    else { return nil }
    self.scheme = scheme.lowercased()
    self.host = host.lowercased()
    port = Self.part(CURLUPART_PORT, of: handle)
    effectivePort = Self.part(CURLUPART_PORT, of: handle, UInt32(CURLU_DEFAULT_PORT))
    hasUser = Self.part(CURLUPART_USER, of: handle) != nil || Self.part(CURLUPART_PASSWORD, of: handle) != nil
    path = Self.part(CURLUPART_PATH, of: handle) ?? "/"
    query = Self.part(CURLUPART_QUERY, of: handle)
  }

  private static func part(_ part: CURLUPart, of handle: OpaquePointer, _ flags: UInt32 = 0) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }
}
