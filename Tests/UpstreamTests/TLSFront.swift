import Glibc
import TestSupport

/// nginx on loopback with one TLS listener for each of `sites`. It answers with the client it saw.
final class TLSFront: Sendable {
  struct Site: Sendable {
    let identity: Authority.Identity
    /// What stands behind the address in `listen`.
    var listen = "ssl"
    /// More of nginx's directives.
    var directives = ""
  }

  private let ports: [UInt16]
  private let process: ChildProcess

  /// What each answers: the client's subject, the number of the connection, and whether its TLS session is an old one.
  static let answer = "$ssl_client_s_dn|$connection|$ssl_session_reused|$request_uri"

  init(_ sites: [Site], in folder: String) throws {
    // nginx takes over listening sockets that it finds in its environment, so no port can be lost to another program.
    let listeners = sites.map { _ in ScriptedServer.listen(backlog: 64) }
    defer { for listener in listeners { close(listener.descriptor) } }
    ports = listeners.map(\.port)
    let servers = zip(sites, ports).map { site, port in
      """
      server {
        listen 127.0.0.1:\(port) \(site.listen);
        ssl_certificate \(site.identity.certificate);
        ssl_certificate_key \(site.identity.key);
        \(site.directives)
        location / { return 200 "\(Self.answer)"; }
      }
      """
    }
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(folder)/\($0);" }.joined(separator: " ")
    let configuration = """
      daemon off; worker_processes 1; pid \(folder)/pid; error_log \(folder)/error.log;
      events { worker_connections 256; }
      http { access_log off; \(temporary) \(servers.joined(separator: "\n")) }
      """
    try Self.write(configuration, to: "\(folder)/nginx.conf")
    process = try ChildProcess(
      ["nginx", "-e", "\(folder)/error.log", "-c", "\(folder)/nginx.conf"],
      environment: ["NGINX=" + listeners.indices.map { "\($0 + 3);" }.joined()],
      descriptors: listeners.map(\.descriptor))
  }

  deinit { process.end() }

  func url(_ site: Int = 0, host: String = "127.0.0.1", path: String = "/") -> String {
    "https://\(host):\(ports[site])\(path)"
  }

  func port(_ site: Int = 0) -> UInt16 { ports[site] }

  static func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw ChildProcess.Failure(description: "cannot write \(path)") }
    fputs(text, file)
    fclose(file)
  }
}
