/// Whether what is in force in a location suits the requests that come to it.
struct NginxRouteCheck {
  let location: NginxLocation
  /// `fastcgi` or `scgi`: what the directives begin with.
  let module: String
  let mount: String
  let kinds: [NginxRequestKind]
  /// Bytes of a body that Sluice takes.
  let maxBody: Int

  private var scope: NginxScope { location.scope }

  func findings() -> [Finding] {
    // Another module's directives say nothing of what Sluice needs; that it is the wrong one is told elsewhere.
    guard ["fastcgi", "scgi"].contains(module) else { return [] }
    return times() + connection() + buffers() + retries() + replies() + bodies() + branches()
      + NginxParameterCheck(location: location, module: module, mount: mount).findings()
      + NginxLogCheck(location: location, kinds: kinds).findings()
  }

  /// Where a directive stands; where the location does if nginx's default is in force.
  private func place(_ directive: NginxDirective?) -> NginxPlace { directive?.place ?? location.place }

  private func warn(_ directive: NginxDirective?, _ text: String, mend: String) -> Finding {
    .warn("nginx", "\(place(directive)): \(text)", mend: mend)
  }

  private func fail(_ directive: NginxDirective?, _ text: String, mend: String) -> Finding {
    .fail("nginx", "\(place(directive)): \(text)", mend: mend)
  }

  // MARK: times

  /// For how many milliseconds Sluice may say nothing, those that leave room above it, and what we ship.
  private static let silences: [(kind: NginxRequestKind, held: Int, roomy: Int, wanted: String, what: String)] = [
    (.poll, 20_000, 25_000, "25s", "holds a poll for up to"),
    (.start, 50_000, 55_000, "60s", "holds a start for up to"),
    (.events, 15_000, 30_000, "60s", "may say nothing in an event stream for"),
  ]

  private func times() -> [Finding] {
    var findings: [Finding] = []
    let read = scope.value("\(module)_read_timeout")
    let patience = read?.arguments.first.flatMap { NginxMeasure.milliseconds($0) } ?? 60_000
    for silence in Self.silences where kinds.contains(silence.kind) && patience < silence.roomy {
      let text =
        "\(module)_read_timeout is \(patience / 1_000) s, and Sluice \(silence.what) \(silence.held / 1_000) s"
      let mend = "\(module)_read_timeout \(silence.wanted); in `\(location.title)`"
      findings.append(patience > silence.held ? warn(read, text, mend: mend) : fail(read, text, mend: mend))
    }
    let connect = scope.value("\(module)_connect_timeout")
    let wait = connect?.arguments.first.flatMap { NginxMeasure.milliseconds($0) } ?? 60_000
    if wait > 5_000 {
      findings.append(
        warn(
          connect, "\(module)_connect_timeout is \(wait / 1_000) s: so long a request waits for a machine that is gone",
          mend: "\(module)_connect_timeout 1s;"))
    }
    return findings
  }

  // MARK: connection

  private func connection() -> [Finding] {
    var findings: [Finding] = []
    if module == "fastcgi", !scope.isOn("fastcgi_keep_conn") {
      findings.append(
        warn(
          scope.value("fastcgi_keep_conn"), "fastcgi_keep_conn is off: a connection is made for each request",
          mend: "fastcgi_keep_conn on; with keepalive in the upstream"))
    }
    if scope.isOn("\(module)_ignore_client_abort") {
      findings.append(
        warn(
          scope.value("\(module)_ignore_client_abort"), "polls stay parked when their readers have gone",
          mend: "\(module)_ignore_client_abort off;"))
    }
    return findings
  }

  // MARK: buffers

  /// A poll's reply: 64 KB of events and what stands around them.
  private static let largestReply = 72 * 1024

  private func buffers() -> [Finding] {
    if scope.value("\(module)_buffering")?.arguments.first == "off" { return [] }
    var findings: [Finding] = []
    if kinds.contains(.poll) {
      let buffers = scope.value("\(module)_buffers")
      let words = buffers?.arguments ?? ["8", "4k"]
      let size = words.count == 2 ? (Int(words[0]) ?? 0) * (NginxMeasure.bytes(words[1]) ?? 0) : 0
      if size < Self.largestReply {
        findings.append(
          warn(
            buffers, "\(module)_buffers hold \(size / 1024) KB, a reply has up to 64 KB of events and a little more",
            mend: "\(module)_buffers 32 4k;"))
      }
    }
    let file = scope.value("\(module)_max_temp_file_size")
    if file?.arguments.first.flatMap({ NginxMeasure.bytes($0) }) != 0 {
      findings.append(
        warn(
          file, "a reply may go through a temporary file", mend: "\(module)_max_temp_file_size 0;"))
    }
    return findings
  }

  // MARK: retries

  private func retries() -> [Finding] {
    let next = scope.value("\(module)_next_upstream")
    let conditions = next?.arguments ?? ["error", "timeout"]
    var findings: [Finding] = []
    let repeatsPosts = conditions.contains("non_idempotent")
    if repeatsPosts, kinds.contains(.start) || kinds.contains(.session) {
      findings.append(
        fail(
          next, "\(module)_next_upstream repeats a start that may have begun: two turns, paid twice",
          mend: "leave non_idempotent to the location of /cancel"))
    }
    if !repeatsPosts, kinds.contains(.cancel) {
      findings.append(
        warn(
          next, "a cancel is not repeated when its node dies",
          mend: "\(module)_next_upstream error timeout invalid_header http_503 non_idempotent; in a location of its own"
        ))
    }
    if kinds.contains(.poll), !conditions.contains("error") || !conditions.contains("timeout") {
      findings.append(
        warn(
          next, "a poll is not asked of the next node when its own dies or hangs",
          mend: "\(module)_next_upstream error timeout;"))
    }
    return findings
  }

  // MARK: replies

  private func replies() -> [Finding] {
    var findings: [Finding] = []
    if scope.isOn("\(module)_intercept_errors") {
      findings.append(
        fail(
          scope.value("\(module)_intercept_errors"),
          "errors are replaced by the site's pages; clients read them as JSON",
          mend: "\(module)_intercept_errors off;"))
    }
    if let cache = scope.value("\(module)_cache"), cache.arguments.first != "off" {
      findings.append(
        fail(cache, "replies are kept in a cache; each is one reader's alone", mend: "\(module)_cache off;"))
    }
    if kinds.contains(.start) || kinds.contains(.events),
      scope.value("\(module)_buffering")?.arguments.first != "off",
      let ignored = scope.value("\(module)_ignore_headers"), ignored.arguments.contains("X-Accel-Buffering")
    {
      findings.append(
        warn(
          ignored, "an event stream would be buffered: X-Accel-Buffering is ignored",
          mend: "leave X-Accel-Buffering out of \(module)_ignore_headers"))
    }
    if let auth = scope.value("auth_basic"), auth.arguments.first != "off" {
      findings.append(
        fail(auth, "nginx asks for a password in the header that carries the token", mend: "auth_basic off;"))
    }
    return findings
  }

  // MARK: bodies

  private func bodies() -> [Finding] {
    guard kinds.contains(.start) else { return [] }
    let size = scope.value("client_max_body_size")
    let allowed = size?.arguments.first.flatMap { NginxMeasure.bytes($0) } ?? 1 << 20
    guard allowed != 0, allowed < maxBody else { return [] }
    let kilobytes = (maxBody + 1023) / 1024
    return [
      warn(
        size,
        "client_max_body_size is below the \(kilobytes) KB that Sluice takes (max_body): nginx refuses what is between",
        mend: "client_max_body_size \(kilobytes)k;")
    ]
  }

  // MARK: branches

  private func branches() -> [Finding] {
    scope.own.compactMap { directive in
      switch directive.name {
      case "return":
        fail(directive, "`return` answers before Sluice does", mend: "remove it from `\(location.title)`")
      case "if":
        warn(
          directive, "an `if` in `\(location.title)` makes a location of its own, where little of this one holds",
          mend: "use `map` and variables instead")
      default: nil
      }
    }
  }
}
