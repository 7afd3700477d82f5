import Glibc

/// A private PostgreSQL server that a test may stop and start. It listens on a unix socket in its own temporary folder, and
/// runs as `postgres` when the test runs as root, because PostgreSQL refuses to be root.
final class Cluster {
  struct Failure: Error { let command: String }

  static let isAvailable = (try? shell("command -v pg_config && test -x \"$(pg_config --bindir)/initdb\"")) != nil

  private let folder: String
  var conninfo: String { "host=\(folder) user=postgres dbname=postgres" }

  init() throws {
    folder = try Self.shell("mktemp -d /tmp/sluice-pg.XXXXXX")
    try Self.shell("[ $(id -u) != 0 ] || chown postgres \(folder)")
    try Self.asServer("initdb", "-D \(folder)/data -A trust -U postgres -N")
    try start()
  }

  func start() throws {
    try Self.asServer(
      "pg_ctl", "-D \(folder)/data -l \(folder)/log -o \"-F -k \(folder) -c listen_addresses=\" -w start")
  }

  /// `mode`: fast, or immediate (which is a crash).
  func stop(mode: String) throws { try Self.asServer("pg_ctl", "-D \(folder)/data -m \(mode) -w stop") }

  func remove() {
    try? stop(mode: "immediate")
    _ = try? Self.shell("rm -rf \(folder)")
  }

  private static func asServer(_ program: String, _ arguments: String) throws {
    let user = "[ $(id -u) != 0 ] || as=\"setpriv --reuid postgres --regid postgres --clear-groups\"; cd /tmp"
    try shell("\(user); $as \"$(pg_config --bindir)/\(program)\" \(arguments) >/dev/null")
  }

  /// The first line it prints; throws if it fails.
  @discardableResult
  private static func shell(_ command: String) throws -> String {
    guard let pipe = popen("{ \(command); } 2>/dev/null", "re") else { throw Failure(command: command) }
    var line = [CChar](repeating: 0, count: 4096)
    let output = fgets(&line, Int32(line.count), pipe).map { String(cString: $0) } ?? ""
    guard pclose(pipe) == 0 else { throw Failure(command: command) }
    return String(output.prefix { $0 != "\n" })
  }
}
