/// Whether a location hands over the variables that Sluice reads, and little else.
struct NginxParameterCheck {
  let location: NginxLocation
  let module: String
  let mount: String

  /// Without them nothing works, or nobody is recognised.
  private static let vital = [
    "REQUEST_METHOD": "$request_method", "QUERY_STRING": "$query_string", "HTTP_AUTHORIZATION": "$http_authorization",
  ]
  /// Without them something works less well.
  private static let useful = [
    ("CONTENT_TYPE", "$content_type"), ("REMOTE_ADDR", "$remote_addr"), ("HTTP_HOST", "$http_host"),
    ("HTTP_ACCEPT", "$http_accept"), ("HTTP_ORIGIN", "$http_origin"),
    ("HTTP_IDEMPOTENCY_KEY", "$http_idempotency_key"), ("HTTP_LAST_EVENT_ID", "$http_last_event_id"),
    ("HTTP_X_SLUICE_USER", "$http_x_sluice_user"),
  ]

  func findings() -> [Finding] {
    let scope = location.scope
    let given = scope.nearest("\(module)_param")
    let names = Set(given.compactMap(\.arguments.first))
    let headers = scope.value("\(module)_pass_request_headers")
    let passesHeaders = headers?.arguments.first != "off"
    let place = given.first?.place ?? location.place
    func isMissing(_ name: String) -> Bool { !names.contains(name) && !(passesHeaders && name.hasPrefix("HTTP_")) }

    var findings: [Finding] = []
    if module == "scgi", !names.contains("SCGI") {
      findings.append(.fail("nginx", "\(place): SCGI is not handed over", mend: "scgi_param SCGI 1;"))
    }
    for (name, value) in Self.vital.sorted(by: { $0.key < $1.key }) where isMissing(name) {
      findings.append(
        .fail("nginx", "\(place): \(name) is not handed over", mend: "\(module)_param \(name) \(value);"))
    }
    if names.isDisjoint(with: ["PATH_INFO", "DOCUMENT_URI"]) {
      findings.append(
        .fail(
          "nginx", "\(place): neither PATH_INFO nor DOCUMENT_URI is handed over",
          mend: "\(module)_param PATH_INFO $uri;"))
    }
    if !mount.isEmpty, !names.contains("SCRIPT_NAME") {
      findings.append(
        .fail(
          "nginx", "\(place): SCRIPT_NAME is not handed over: links in replies lack \(mount)",
          mend: "\(module)_param SCRIPT_NAME \(mount);"))
    }
    let lesser = Self.useful.filter { isMissing($0.0) }
    if !lesser.isEmpty {
      findings.append(
        .warn(
          "nginx", "\(place): \(lesser.map(\.0).joined(separator: ", ")) not handed over",
          mend: lesser.map { "\(module)_param \($0.0) \($0.1) if_not_empty;" }.joined(separator: " ")))
    }
    if passesHeaders {
      findings.append(
        .warn(
          "nginx",
          "\(headers?.place ?? location.place): all of the browser's headers are handed over, cookies too, with each poll",
          mend: "\(module)_pass_request_headers off; and the list of nginx/sluice.conf"))
    }
    return findings
  }
}
