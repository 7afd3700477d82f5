import Glibc

/// A private PostgreSQL server that a test may stop and start. It listens on a unix socket in its own temporary folder, and
/// runs as `postgres` when the test runs as root, because PostgreSQL refuses to be root.
final class Cluster: Sendable {
  struct Failure: Error { let command: String }

  static let isAvailable = (try? shell("command -v pg_config && test -x \"$(pg_config --bindir)/initdb\"")) != nil

  private let folder: String
  var conninfo: String { conninfo(user: "postgres", database: "postgres") }

  func conninfo(user: String, database: String) -> String { "host=\(folder) user=\(user) dbname=\(database)" }

  init() throws {
    folder = try Self.shell("mktemp -d /tmp/sluice-pg.XXXXXX")
    try Self.shell("[ $(id -u) != 0 ] || chown postgres \(folder)")
    try Self.asServer("initdb", "-D \(folder)/data -A trust -U postgres -N")
    try start()
  }

  func start() throws {
    try Self.asServer(
      "pg_ctl",
      "-D \(folder)/data -l \(folder)/log -o \"-F -k \(folder) -c listen_addresses= -c max_connections=300\" -w start")
  }

  /// A database with every change of `Migrations/`, in the plan's order.
  func deploy(database: String) throws {
    let migrations = #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Migrations"
    try Self.shell(
      """
      cd "/\(migrations)" && PGOPTIONS=--client-min-messages=warning && export PGOPTIONS &&
      psql="psql -XAtq -v ON_ERROR_STOP=1 -h \(folder) -U postgres" &&
      $psql -d postgres -c 'create database "\(database)"' &&
      for change in $(sed -n 's/^\\([a-z][a-z_0-9]*\\) .*/\\1/p' sqitch.plan); do
        $psql -d "\(database)" -f "deploy/$change.sql" || exit 1
      done
      """)
  }

  /// Lets the server end with this process, however that ends: a shell waits for the end of its input, whose other end
  /// nobody but this process holds.
  func endWithProcess() throws {
    let command = """
      exec >/dev/null 2>&1; cat; cd /tmp
      [ $(id -u) != 0 ] || as="setpriv --reuid postgres --regid postgres --clear-groups"
      $as "$(pg_config --bindir)/pg_ctl" -D \(folder)/data -m immediate -w stop
      rm -rf \(folder)
      """
    guard popen(command, "we") != nil else { throw Failure(command: command) }
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
