import Store

/// Whether the server and the role's settings are what the program counts on.
enum ServerCheck {
  static func findings(_ server: CheckupStore.Server) -> [Finding] {
    var findings: [Finding] = []
    if server.versionNumber < 150_000 {
      findings.append(
        .fail(
          "database", "PostgreSQL \(server.version) is too old", mend: "upgrade the server to PostgreSQL 15 or newer"))
    } else {
      findings.append(.ok("database", "PostgreSQL \(server.version), as \(server.role)"))
    }
    if server.readOnly {
      findings.append(
        .fail(
          "database", "takes no writes: a standby, or default_transaction_read_only is on",
          mend: "let `database` name the primary, or add target_session_attrs=read-write to several hosts"))
    }
    if let tls = server.tls {
      findings.append(.ok("tls", tls))
    } else if server.isLocal {
      findings.append(.ok("tls", "none, and none is needed on one machine"))
    } else {
      findings.append(
        .warn(
          "tls", "the connection leaves this machine without encryption",
          mend: "add sslmode=verify-full and sslrootcert=… to `database`; on the server, ssl = on"))
    }
    return findings
  }

  /// The program gives a statement up after this many milliseconds: PostgreSQL must do so before.
  private static let patience = DatabaseSettings().timeout

  /// `settings` as `CheckupStore.settings` returns them.
  static func findings(settings: [String: String], role: String) -> [Finding] {
    var findings: [Finding] = []
    func amiss(_ name: String, _ why: String, wanted: String) {
      findings.append(
        .warn(
          "settings", "\(name) is \(settings[name] ?? "unknown"): \(why)",
          mend: "alter role \(role) set \(name) = \(wanted);"))
    }
    func milliseconds(_ name: String) -> Int { settings[name].flatMap { Int($0) } ?? 0 }
    let statement = milliseconds("statement_timeout")
    if !(1..<patience).contains(statement) {
      amiss("statement_timeout", "the program waits for at most \(patience) ms", wanted: "'10s'")
    }
    let lock = milliseconds("lock_timeout")
    if lock < 1 || statement > 0 && lock >= statement {
      amiss("lock_timeout", "a DBA's lock would hold up statements for all their time", wanted: "'3s'")
    }
    if milliseconds("idle_in_transaction_session_timeout") < 1 {
      amiss("idle_in_transaction_session_timeout", "a node that hangs keeps its locks", wanted: "'10s'")
    }
    if settings["enable_seqscan"] != "off" {
      amiss("enable_seqscan", "a plan made while a leaf was empty stays when it has filled up", wanted: "off")
    }
    if settings["jit"] != "off" {
      amiss("jit", "statements of small tables take a hundred milliseconds to compile, each second", wanted: "off")
    }
    if settings["synchronous_commit"] == "off" {
      findings.append(
        .fail(
          "settings", "synchronous_commit is off: text that was served can be lost",
          mend: "alter role \(role) set synchronous_commit = on;"))
    }
    return findings.isEmpty ? [.ok("settings", "time-outs, planner and synchronous_commit of \(role)")] : findings
  }
}
