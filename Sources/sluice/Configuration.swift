import FoundationEssentials
import FrontDoor
import Glibc
import Logging
import Service

/// What the operator set: defaults, under the file, under the environment, under the flags.
///
/// The file holds `key = value` lines; `#` begins a comment. Every key can also come as `SLUICE_KEY` in the environment
/// and as `--set key=value`.
struct Configuration {
  /// A value that is refused. Names the key and where it came from, never a secret.
  struct Invalid: Error, CustomStringConvertible {
    let description: String
  }

  /// All keys with what they mean; the order of `--help`.
  enum Key: String, CaseIterable {
    case listen
    case operatorListen = "operator_listen"
    case socketMode = "socket_mode"
    case database
    case adminDatabase = "admin_database"
    case databaseConnections = "database_connections"
    case preparedStatements = "prepared_statements"
    case keyFile = "key_file"
    case nodeTag = "node_tag"
    case loops
    case turnLimit = "turn_limit"
    case caBundle = "ca_bundle"
    case drainTimeout = "drain_timeout"
    case logLevel = "log_level"
    case logFormat = "log_format"

    var help: String {
      switch self {
      case .listen:
        "where nginx comes in by FastCGI: unix:/path, 127.0.0.1:9000 or [::1]:9000, several with commas"
      case .operatorListen: "the same for /healthz and /readyz; none if empty"
      case .socketMode: "permissions of unix sockets, octal (default 660)"
      case .database: "libpq connection string or URI"
      case .adminDatabase: "the same for the commands that configure, of a member of sluice_admin (default: database)"
      case .databaseConnections: "connections to the database, beside one each for flusher and lease (default 4)"
      case .preparedStatements: "on, or off behind PgBouncer in transaction mode (default on)"
      case .keyFile: "file of `kid: secret` lines that sign tokens; the same on all nodes"
      case .nodeTag: "0 to 4095, in the ids of this node's turns (default: from the host name)"
      case .loops: "event loops, each on a thread (default: half of the cores, 1 to 8)"
      case .turnLimit: "live turns of this node at most (default 4000)"
      case .caBundle: "PEM file of the authorities trusted upstream (default: the system's)"
      case .drainTimeout: "how long SIGTERM waits for live turns: 500ms, 60s, 5m (default 60s)"
      case .logLevel: "debug, info, warning or error (default info)"
      case .logFormat: "text or json (default text)"
      }
    }
  }

  private var values: [Key: (value: String, source: String)] = [:]

  /// `file`: nil for none. `settings`: `key=value` from flags. Throws for what cannot be read and for unknown keys.
  init(file: String?, settings: [String], environment: [String: String] = ProcessInfo.processInfo.environment)
    throws(Invalid)
  {
    if let file { try read(file) }
    for key in Key.allCases {
      let name = "SLUICE_\(key.rawValue.uppercased())"
      if let value = environment[name] { values[key] = (value, name) }
    }
    for setting in settings {
      guard let equals = setting.firstIndex(of: "=") else {
        throw Invalid(description: "--set: expected key=value")
      }
      try set(String(setting[..<equals]), String(setting[setting.index(after: equals)...]), from: "--set")
    }
  }

  private mutating func read(_ file: String) throws(Invalid) {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw Invalid(description: "\(file): cannot be read")
    }
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.trimming { $0.isWhitespace }
      if line.isEmpty || line.hasPrefix("#") { continue }
      let source = "\(file):\(index + 1)"
      guard let equals = line.firstIndex(of: "=") else {
        throw Invalid(description: "\(source): expected key = value")
      }
      let name = line[..<equals].trimming { $0.isWhitespace }
      let value = line[line.index(after: equals)...].trimming { $0.isWhitespace }
      try set(String(name), String(value), from: source)
    }
  }

  private mutating func set(_ name: String, _ value: String, from source: String) throws(Invalid) {
    guard let key = Key(rawValue: name) else {
      // What is no name at all may be a misplaced secret: it is not repeated.
      let isName = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
      throw Invalid(description: "\(source): \(isName ? "there is no key `\(name)`" : "expected key = value")")
    }
    values[key] = (value, source)
  }

  // MARK: typed values

  /// Nil if the key is absent or empty.
  private func text(_ key: Key) -> String? { values[key].flatMap { $0.value.isEmpty ? nil : $0.value } }

  private func invalid(_ key: Key, _ reason: String) -> Invalid {
    Invalid(description: "\(key.rawValue)\(values[key].map { " (\($0.source))" } ?? ""): \(reason)")
  }

  private func required(_ key: Key) throws(Invalid) -> String {
    guard let value = text(key) else { throw invalid(key, "is not set; it is \(key.help)") }
    return value
  }

  private func number(_ key: Key, in range: ClosedRange<Int>) throws(Invalid) -> Int? {
    guard let text = text(key) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw invalid(key, "`\(text)` is not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private func choice<Value: RawRepresentable & CaseIterable>(_ key: Key, _: Value.Type) throws(Invalid) -> Value?
  where Value.RawValue == String {
    guard let text = text(key) else { return nil }
    guard let value = Value(rawValue: text) else {
      let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid(key, "`\(text)` is none of \(all)")
    }
    return value
  }

  private func addresses(_ key: Key) throws(Invalid) -> [ListenAddress] {
    guard let mode = UInt16(text(.socketMode) ?? "660", radix: 8), mode <= 0o777 else {
      throw invalid(.socketMode, "is no octal permission")
    }
    var addresses: [ListenAddress] = []
    for part in (text(key) ?? "").split(separator: ",") {
      do { addresses.append(try ListenAddress(parsing: String(part.trimming { $0.isWhitespace }), mode: mode)) } catch {
        throw invalid(key, "\(error)")
      }
    }
    return addresses
  }

  /// `500ms`, `60s`, `5m`, `1h`, in milliseconds.
  private func duration(_ key: Key) throws(Invalid) -> Int? {
    guard let text = text(key) else { return nil }
    for (unit, factor) in [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)] where text.hasSuffix(unit) {
      if let number = Int(text.dropLast(unit.count)), (0...86_400_000 / factor).contains(number) {
        return number * factor
      }
    }
    throw invalid(key, "`\(text)` is not a time such as 500ms, 60s or 5m")
  }

  // MARK: what the program uses

  enum Level: String, CaseIterable { case debug, info, warning, error }

  /// Level and format of the log.
  func logging() throws(Invalid) -> (level: Logger.Level, format: LineLogHandler.Format) {
    let level: Logger.Level =
      switch try choice(.logLevel, Level.self) ?? .info {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
    return (level, try choice(.logFormat, LineLogHandler.Format.self) ?? .text)
  }

  /// The keys in `key_file`.
  func keys() throws(Invalid) -> KeyRing {
    let path = try required(.keyFile)
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw invalid(.keyFile, "\(path) cannot be read")
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o007 == 0 else {
      throw invalid(.keyFile, "\(path) is open to everybody; `chmod o= \(path)`")
    }
    do { return try KeyRing(parsing: text) } catch { throw invalid(.keyFile, "\(path): \(error.description)") }
  }

  /// Where commands of operators find the database: `override`, else `admin_database`, else `database`, else what libpq
  /// takes from its environment.
  func administration(
    database override: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(Invalid) -> String {
    if let conninfo = override ?? text(.adminDatabase) ?? text(.database) { return conninfo }
    let names = ["PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE", "PGUSER", "PGPORT"]
    guard names.contains(where: { environment[$0] != nil }) else {
      throw Invalid(
        description: "no database: give --config with admin_database or database, --database, or PGHOST and its kin")
    }
    return ""
  }

  /// Everything, checked.
  func service(version: String) throws(Invalid) -> ServiceSettings {
    let listeners = try addresses(.listen)
    if listeners.isEmpty { throw invalid(.listen, "is not set; it is \(Key.listen.help)") }
    let host = Self.hostName()
    let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    var settings = ServiceSettings(
      listeners: listeners, operatorListeners: try addresses(.operatorListen), database: try required(.database),
      keys: try keys(), tag: UInt16(try number(.nodeTag, in: 0...4095) ?? Self.tag(of: host)), host: host,
      version: version, loops: try number(.loops, in: 1...64) ?? min(max(1, cores / 2), 8))
    settings.databaseConnections = try number(.databaseConnections, in: 1...1_000) ?? settings.databaseConnections
    settings.turnLimit = try number(.turnLimit, in: 1...1_000_000) ?? settings.turnLimit
    settings.drainTimeout = try duration(.drainTimeout) ?? settings.drainTimeout
    settings.preparedStatements = try choice(.preparedStatements, Switch.self).map { $0 == .on } ?? true
    if let bundle = text(.caBundle) {
      guard access(bundle, R_OK) == 0 else { throw invalid(.caBundle, "\(bundle) cannot be read") }
      settings.caBundle = bundle
    }
    return settings
  }

  private enum Switch: String, CaseIterable { case on, off }

  private static func hostName() -> String {
    ProcessInfo.processInfo.hostName
  }

  /// FNV-1a over the host name: the same tag after each restart.
  private static func tag(of host: String) -> Int {
    var hash: UInt32 = 2_166_136_261
    for byte in host.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int((hash ^ hash >> 12) & 0xFFF)
  }
}
