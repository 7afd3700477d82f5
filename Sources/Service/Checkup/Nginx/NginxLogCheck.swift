/// Whether nginx's logs leave the tokens out that come in queries and headers.
struct NginxLogCheck {
  let location: NginxLocation
  let kinds: [NginxRequestKind]

  /// Variables that show the query. A poll across origins bears its read token there.
  private static let query: Set<String> = ["request", "request_uri", "args", "query_string", "arg_token"]
  /// What nginx defines itself.
  private static let predefined = ["combined": "$request $http_referer"]

  func findings() -> [Finding] {
    let logs = location.scope.nearest("access_log")
    var findings: [Finding] = []
    for log in logs where log.arguments.first != "off" { findings += Self.findings(log, format(of: log), kinds) }
    if logs.isEmpty, let reader = Self.reader(among: kinds) {
      findings.append(Self.leak(location.place, "nginx's default log", "\(reader) query, and with it a token"))
    }
    return findings + errorLog()
  }

  private static func findings(_ log: NginxDirective, _ format: String, _ kinds: [NginxRequestKind]) -> [Finding] {
    let variables = self.variables(of: format)
    if variables.contains("http_authorization") { return [leak(log.place, "access_log", "tokens")] }
    guard let reader = reader(among: kinds), !variables.isDisjoint(with: query) else { return [] }
    return [leak(log.place, "access_log", "\(reader) query, and with it a token")]
  }

  /// Whose query bears a token, of those that come here; nil: nobody's.
  private static func reader(among kinds: [NginxRequestKind]) -> String? {
    if kinds.contains(.poll) { return "a poll's" }
    return kinds.contains(.events) ? "an event stream's" : nil
  }

  private static func leak(_ place: NginxPlace, _ log: String, _ what: String) -> Finding {
    .warn(
      "nginx", "\(place): \(log) shows \(what)",
      mend: "access_log off; there, or a log_format of $request_method and $uri as in nginx/sluice-upstream.conf")
  }

  /// The text of a log's format, all its pieces joined; formats are defined in the http block alone.
  private func format(of log: NginxDirective) -> String {
    let name = log.arguments.dropFirst().first { !$0.contains("=") } ?? "combined"
    let defined = location.scope.nearest("log_format").last { $0.arguments.first == name }
    return defined.map { $0.arguments.dropFirst().joined(separator: " ") } ?? Self.predefined[name] ?? ""
  }

  /// Names behind `$`, in braces or not.
  private static func variables(of format: String) -> Set<String> {
    var names: Set<String> = []
    for piece in format.split(separator: "$", omittingEmptySubsequences: false).dropFirst() {
      let bare = piece.hasPrefix("{") ? piece.dropFirst() : piece
      names.insert(String(bare.prefix { $0.isLetter || $0.isNumber || $0 == "_" }))
    }
    return names
  }

  private func errorLog() -> [Finding] {
    guard let reader = Self.reader(among: kinds) else { return [] }
    let logs = location.scope.nearest("error_log")
    let quiet: Set<String> = ["alert", "emerg"]
    let loud = logs.first { !quiet.contains($0.arguments.dropFirst().first ?? "error") }
    guard logs.isEmpty || loud != nil else { return [] }
    return [
      .warn(
        "nginx",
        "\(loud?.place ?? location.place): when a node dies, error_log shows \(reader) query, and with it a token",
        mend: "error_log /var/log/nginx/error.log alert; in `\(location.title)`")
    ]
  }
}
