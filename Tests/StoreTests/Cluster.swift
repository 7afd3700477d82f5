import Glibc
import TestSupport

/// A private PostgreSQL server that a test may stop and start. It listens on a unix socket in its own temporary folder, and
/// runs as `postgres` when the test runs as root, because PostgreSQL refuses to be root.
final class Cluster: Sendable {
  static let isAvailable =
    (try? ChildProcess.shell("command -v pg_config && test -x \"$(pg_config --bindir)/initdb\"")) != nil

  private let folder: String
  var conninfo: String { conninfo(user: "postgres", database: "postgres") }

  func conninfo(user: String, database: String) -> String { "host=\(folder) user=\(user) dbname=\(database)" }

  init() throws {
    folder = String(try ChildProcess.shell("mktemp -d /tmp/sluice-pg.XXXXXX").dropLast())
    try ChildProcess.shell("[ $(id -u) != 0 ] || chown postgres \(folder)")
    try Self.asServer("initdb", "-D \(folder)/data -A trust -U postgres -N -E UTF8 --locale=C.UTF-8")
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
    try ChildProcess.shell(
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
      cat; cd /tmp
      [ $(id -u) != 0 ] || as="setpriv --reuid postgres --regid postgres --clear-groups"
      $as "$(pg_config --bindir)/pg_ctl" -D \(folder)/data -m immediate -w stop
      rm -rf \(folder)
      """
    let pipe = try Pipe()
    _ = try ChildProcess(["sh", "-c", command], input: pipe.reading)
    close(pipe.reading)
  }

  /// `mode`: fast, or immediate (which is a crash).
  func stop(mode: String) throws { try Self.asServer("pg_ctl", "-D \(folder)/data -m \(mode) -w stop") }

  func remove() {
    try? stop(mode: "immediate")
    _ = try? ChildProcess.shell("rm -rf \(folder)")
  }

  private static func asServer(_ program: String, _ arguments: String) throws {
    let user = "[ $(id -u) != 0 ] || as=\"setpriv --reuid postgres --regid postgres --clear-groups\"; cd /tmp"
    try ChildProcess.shell("\(user); $as \"$(pg_config --bindir)/\(program)\" \(arguments) >/dev/null")
  }
}
