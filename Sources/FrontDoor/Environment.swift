internal import Glibc

/// The CGI variables of one request while their bytes are still in the codec's hands.
struct Environment {
  enum Variable: Int, CaseIterable {
    case method, mount, path, document, query, authorization, host, origin, accept, contentType
    case idempotencyKey, lastEventID, user, remote

    var name: StaticString {
      switch self {
      case .method: "REQUEST_METHOD"
      case .mount: "SCRIPT_NAME"
      case .path: "PATH_INFO"
      case .document: "DOCUMENT_URI"
      case .query: "QUERY_STRING"
      case .authorization: "HTTP_AUTHORIZATION"
      case .host: "HTTP_HOST"
      case .origin: "HTTP_ORIGIN"
      case .accept: "HTTP_ACCEPT"
      case .contentType: "CONTENT_TYPE"
      case .idempotencyKey: "HTTP_IDEMPOTENCY_KEY"
      case .lastEventID: "HTTP_LAST_EVENT_ID"
      case .user: "HTTP_X_SLUICE_USER"
      case .remote: "REMOTE_ADDR"
      }
    }
  }

  /// By the variables' raw values.
  private(set) var values = InlineArray<14, UnsafeBufferPointer<UInt8>?>(repeating: nil)

  /// `value` must stay where it is until `request(body:)` has been called. Of several with one name the first counts.
  mutating func note(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    guard let start = name.baseAddress else { return }
    for variable in Variable.allCases where variable.name.utf8CodeUnitCount == name.count {
      guard memcmp(start, variable.name.utf8Start, name.count) == 0 else { continue }
      if values[variable.rawValue] == nil, !value.isEmpty { values[variable.rawValue] = value }
      return
    }
  }

  /// Nil if there is no method or no path, or what is there is not UTF-8: two users' names that differ only in such
  /// bytes must not become one.
  func request(body: [UInt8]) -> Request? {
    guard isUTF8, let method = text(.method), let (path, mount) = place() else { return nil }
    return Request(
      method: Method(rawValue: method) ?? .other, path: path, mount: mount, query: text(.query) ?? "",
      authorization: text(.authorization), host: text(.host), origin: text(.origin), accept: text(.accept),
      contentType: text(.contentType), idempotencyKey: text(.idempotencyKey),
      lastEventID: text(.lastEventID), user: text(.user), remoteAddress: text(.remote), body: body)
  }

  /// The path is PATH_INFO; without it, DOCUMENT_URI less SCRIPT_NAME. nginx's own `fastcgi_params` sets both of these to
  /// the whole path: then there is no mount. Compared byte for byte: as characters, a "/" and the combining mark after
  /// it are one, and texts are equal that are other paths.
  private func place() -> (path: String, mount: String)? {
    let script = text(.mount) ?? ""
    var mount = script.utf8[...]
    while mount.last == UInt8(ascii: "/") { mount.removeLast() }
    if let path = text(.path) { return path.utf8.first == UInt8(ascii: "/") ? (path, String(Substring(mount))) : nil }
    guard let document = text(.document), document.utf8.first == UInt8(ascii: "/") else { return nil }
    let rest = document.utf8.dropFirst(mount.count)
    if !document.utf8.elementsEqual(script.utf8), document.utf8.starts(with: mount), rest.first == UInt8(ascii: "/") {
      return (String(Substring(rest)), String(Substring(mount)))
    }
    return (document, "")
  }

  private var isUTF8: Bool {
    Variable.allCases.allSatisfy { variable in
      guard let value = values[variable.rawValue] else { return true }
      return value.allSatisfy { $0 < 0x80 } || String(validating: value, as: UTF8.self) != nil
    }
  }

  private func text(_ variable: Variable) -> String? {
    values[variable.rawValue].map { String(decoding: $0, as: UTF8.self) }
  }
}
