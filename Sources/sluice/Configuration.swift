import FoundationEssentials
import FrontDoor
import Glibc
import Logging
import Service
import Upstream

/// What the operator set: defaults, under the file, under the environment, under the flags.
///
/// The file holds `key = value` lines; `#` begins a comment. Every key can also come as `SLUICE_KEY` in the environment
/// and as `--set key=value`.
struct Configuration {
  /// A value that is refused. Names the key and where it came from, never a secret.
  struct Invalid: Error, CustomStringConvertible {
    let description: String
  }

  typealias Key = ConfigurationKey

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

  // MARK: what a reload changes

  /// Keys whose values differ from those of `other`.
  func differences(from other: Configuration) -> [Key] { Key.allCases.filter { text($0) != other.text($0) } }

  /// This one with the values that `other` has for `keys`.
  func keeping(_ keys: [Key], of other: Configuration) -> Configuration {
    var kept = self
    for key in keys { kept.values[key] = other.values[key] }
    return kept
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
    let group = try socketGroup()
    var addresses: [ListenAddress] = []
    for part in (text(key) ?? "").split(separator: ",") {
      do {
        addresses.append(
          try ListenAddress(parsing: String(part.trimming { $0.isWhitespace }), mode: mode, group: group))
      } catch {
        throw invalid(key, "\(error)")
      }
    }
    return addresses
  }

  private func socketGroup() throws(Invalid) -> String? {
    guard let group = text(.socketGroup) else { return nil }
    do { _ = try SocketAccess.number(of: group) } catch let error as FrontDoorError {
      throw invalid(.socketGroup, error.description)
    } catch {
      // Whoever knows the groups does not answer: that passes, and whoever makes the socket will tell.
    }
    return group
  }

  /// `500ms`, `60s`, `5m`, `1h`, in milliseconds; at most a day.
  private func duration(_ key: Key, atLeast least: Int = 0) throws(Invalid) -> Int? {
    guard let text = text(key) else { return nil }
    for (unit, factor) in [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)] where text.hasSuffix(unit) {
      if let number = Int(text.dropLast(unit.count)), (0...86_400_000 / factor).contains(number),
        number * factor >= least
      {
        return number * factor
      }
    }
    throw invalid(
      key, "`\(text)` is not a time such as 500ms, 60s or 5m\(least > 0 ? ", of at least \(least)ms" : "")")
  }

  /// `512`, `64k`, `8m`, in bytes.
  private func size(_ key: Key, in range: ClosedRange<Int>) throws(Invalid) -> Int? {
    guard let text = text(key) else { return nil }
    let (digits, factor): (Substring, Int) =
      switch text.last {
      case "k": (text.dropLast(), 1 << 10)
      case "m": (text.dropLast(), 1 << 20)
      default: (text[...], 1)
      }
    guard let number = Int(digits), (0...range.upperBound / factor).contains(number), range.contains(number * factor)
    else {
      throw invalid(key, "`\(text)` is not a size such as 64k or 8m from \(range.lowerBound) to \(range.upperBound)")
    }
    return number * factor
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
  func keys() throws(Invalid) -> KeyRing { try keys(.keyFile, at: try required(.keyFile)) }

  /// The keys in `credential_keys`; nil if it is not given.
  func credentialKeys() throws(Invalid) -> KeyRing? {
    guard let path = text(.credentialKeys), !path.isEmpty else { return nil }
    return try keys(.credentialKeys, at: path)
  }

  private func keys(_ key: ConfigurationKey, at path: String) throws(Invalid) -> KeyRing {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw invalid(key, "\(path) cannot be read")
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o007 == 0 else {
      throw invalid(key, "\(path) is open to everybody; `chmod o= \(path)`")
    }
    do { return try KeyRing(parsing: text) } catch { throw invalid(key, "\(path): \(error.description)") }
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
    settings.credentialKeys = try credentialKeys()
    settings.databaseConnections = try number(.databaseConnections, in: 1...1_000) ?? settings.databaseConnections
    settings.databaseQueue = try number(.databaseQueue, in: 1...1_000_000) ?? settings.databaseQueue
    settings.turnLimit = try number(.turnLimit, in: 1...1_000_000) ?? settings.turnLimit
    settings.streamLimit = try number(.streamLimit, in: 0...1_000_000) ?? settings.streamLimit
    settings.drainTimeout = try duration(.drainTimeout) ?? settings.drainTimeout
    settings.preparedStatements = try choice(.preparedStatements, Switch.self).map { $0 == .on } ?? true
    try set(&settings.limits)
    settings.upstream = try upstream()
    settings.upstream.userAgent = "sluice/\(version)"
    return settings
  }

  private enum Switch: String, CaseIterable { case on, off }

  /// The front door's bounds.
  private func set(_ limits: inout Limits) throws(Invalid) {
    limits.maxParams = try size(.maxHeaders, in: 4_096...1 << 20) ?? limits.maxParams
    limits.maxBody = try size(.maxBody, in: 1_024...16 << 20) ?? limits.maxBody
    limits.maxConnections = try number(.maxConnections, in: 1...1_000_000) ?? limits.maxConnections
    limits.requestDeadline = try duration(.requestTimeout, atLeast: 100) ?? limits.requestDeadline
    limits.writeDeadline = try duration(.replyTimeout, atLeast: 100) ?? limits.writeDeadline
  }

  /// What holds for all requests to model providers.
  private func upstream() throws(Invalid) -> UpstreamSettings {
    var settings = UpstreamSettings()
    var bounds = UpstreamBounds(maxTransfers: 4_000, maxTransfersPerHost: 4_000, maxQueued: 1_000, queueTimeout: 10_000)
    bounds.maxTransfers = try number(.upstreamLimit, in: 1...1_000_000) ?? bounds.maxTransfers
    bounds.maxTransfersPerHost = try number(.upstreamHostLimit, in: 1...1_000_000) ?? bounds.maxTransfersPerHost
    bounds.maxQueued = try number(.upstreamQueue, in: 0...1_000_000) ?? bounds.maxQueued
    bounds.maxQueuedPerHost = bounds.maxQueued
    bounds.queueTimeout = try duration(.upstreamQueueTimeout, atLeast: 1) ?? bounds.queueTimeout
    settings.bounds = bounds
    if let proxy = text(.proxy) {
      // Its error says what is wrong and repeats nothing: there may be a password in it.
      do { settings.proxy = try UpstreamProxy(proxy) } catch { throw invalid(.proxy, error.cause) }
    }
    settings.noProxy = HostList(noProxy: text(.noProxy) ?? "")
    if let list = try hosts(.upstreamAllow) { settings.addresses.allowed = list }
    settings.addresses.only = try hosts(.upstreamOnly)
    if let bundle = text(.caBundle) {
      guard access(bundle, R_OK) == 0 else { throw invalid(.caBundle, "\(bundle) cannot be read") }
      settings.caBundle = bundle
    }
    return settings
  }

  private func hosts(_ key: Key) throws(Invalid) -> HostList? {
    guard let text = text(key) else { return nil }
    do { return try HostList(text) } catch { throw invalid(key, error.cause) }
  }

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
