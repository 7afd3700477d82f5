import FrontDoor

@testable import Service

/// What `sluice check` reads of nginx: as `nginx -T` prints it, so that no include reaches a file of this machine.
enum NginxConfigurations: FuzzTarget {
  static let name = "nginx"

  static let words = [
    "http {", "server {", "location ^~ /chat/ {", "location ~ ", "location = ", "include ", "upstream u {",
    "listen 80;",
    "fastcgi_pass u;", "fastcgi_param A b;", "map $a $b {", "content_by_lua_block {", "--[[", "]]", "return 1;", "if (",
    "}",
    "\n# configuration file /x:\n", "rewrite ^/a /b;", "set $a b;", "\"", "'", "\\",
  ]

  private static let mark = Array("# configuration file /etc/nginx/nginx.conf:\n".utf8)

  private static let settings = try? ServiceSettings(
    listeners: [ListenAddress(parsing: "unix:/run/sluice.sock"), ListenAddress(parsing: "scgi:127.0.0.1:9000")],
    operatorListeners: [ListenAddress(parsing: "127.0.0.1:9100")], database: "",
    keys: KeyRing(parsing: "k1: \(String(repeating: "a", count: 32))"), tag: 1, host: "h", version: "v", loops: 1)

  static func seeds() throws -> [[UInt8]] {
    let texts = [
      "events {} http { upstream u { server unix:/run/sluice.sock; keepalive 8; } server { listen 80; "
        + "location ^~ /chat/ { fastcgi_pass u; fastcgi_param PATH_INFO $uri; fastcgi_read_timeout 25s; } } }",
      "http { server { location ~ ^/(a|b)+/chat/ { scgi_pass 127.0.0.1:9000; } if ($a ~ 'b}') { return 1; } } }",
      "http { include conf.d/*.conf; content_by_lua_block { local a = '}' --[[ } ]] } }\n"
        + "# configuration file /etc/nginx/conf.d/a.conf:\nserver { listen 127.0.0.1:81 ssl; rewrite ^/c /chat/start; }\n",
      "include /etc/nginx/nginx.conf;", "a \"b\\\"c\" 'd' e\\ f ${g}h;",
    ]
    return texts.map { Array($0.utf8) } + (try Inputs.nginx())
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    guard let settings else { throw Violation(description: "no settings") }
    let text = NginxText(bytes: mark + input, name: "input")
    let lines = input.count(where: { $0 == 0x0A }) + 1
    let directives: [NginxDirective]
    do throws(NginxSyntaxError) { directives = try NginxParser.parse(text) } catch {
      try hold((1...lines).contains(error.place.line), "a fault in line \(error.place.line) of \(lines)")
      directives = []
    }
    try check(directives, lines: lines)
    let findings = NginxCheckup(settings: settings).run(text)
    try hold(!findings.isEmpty && findings.count <= 1_000 + input.count, "\(findings.count) findings")
    try hold(findings.allSatisfy { !$0.text.isEmpty && ($0.level == .ok || $0.mend != nil) }, "\(findings)")
  }

  private static func check(_ directives: [NginxDirective], lines: Int) throws(Violation) {
    for directive in directives {
      try hold(
        (1...lines).contains(directive.place.line), "`\(directive.name)` in line \(directive.place.line) of \(lines)")
      try check(directive.block ?? [], lines: lines)
    }
  }
}
