/// What an operator can set; the order of `--help`.
enum ConfigurationKey: String, CaseIterable {
  case listen
  case operatorListen = "operator_listen"
  case socketMode = "socket_mode"
  case socketGroup = "socket_group"
  case database
  case adminDatabase = "admin_database"
  case databaseConnections = "database_connections"
  case databaseQueue = "database_queue"
  case preparedStatements = "prepared_statements"
  case keyFile = "key_file"
  case credentialKeys = "credential_keys"
  case nodeTag = "node_tag"
  case loops
  case turnLimit = "turn_limit"
  case streamLimit = "stream_limit"
  case maxHeaders = "max_headers"
  case maxBody = "max_body"
  case maxConnections = "max_connections"
  case requestTimeout = "request_timeout"
  case replyTimeout = "reply_timeout"
  case upstreamLimit = "upstream_limit"
  case upstreamHostLimit = "upstream_host_limit"
  case upstreamQueue = "upstream_queue"
  case upstreamQueueTimeout = "upstream_queue_timeout"
  case upstreamAllow = "upstream_allow"
  case upstreamOnly = "upstream_only"
  case proxy
  case noProxy = "no_proxy"
  case caBundle = "ca_bundle"
  case drainTimeout = "drain_timeout"
  case logLevel = "log_level"
  case logFormat = "log_format"

  /// What it means, with its default.
  var help: String {
    switch self {
    case .listen:
      "where nginx comes in by FastCGI: unix:/path, 127.0.0.1:9000 or [::1]:9000; fd:0 for a socket inherited from "
        + "spawn-fcgi, systemd or systemd:NAME for those of a socket unit; with scgi: before it by SCGI; several with "
        + "commas"
    case .operatorListen: "the same for /healthz, /readyz, /metrics and /status; none if empty"
    case .socketMode: "permissions of unix sockets, octal (default 660)"
    case .socketGroup: "group of unix sockets, by name or number (default: the program's own)"
    case .database: "libpq connection string or URI"
    case .adminDatabase: "the same for the commands that configure, of a member of sluice_admin (default: database)"
    case .databaseConnections: "connections to the database, beside one each for flusher and lease (default 4)"
    case .databaseQueue: "transactions that may wait for a connection; past it 503 (default 4096)"
    case .preparedStatements: "on, or off behind PgBouncer in transaction mode (default on)"
    case .keyFile: "file of `kid: secret` lines that sign tokens; the same on all nodes"
    case .credentialKeys:
      "the same form: keys that seal credentials in the database, the first for new ones; on all nodes and wherever "
        + "`sluice credential` seals; none if empty"
    case .nodeTag: "0 to 4095, in the ids of this node's turns (default: from the host name)"
    case .loops: "event loops, each on a thread (default: half of the cores, 1 to 8)"
    case .turnLimit: "live turns of this node at most; past it starts get 503 (default 4000)"
    case .streamLimit: "streams to readers at most; past it 503, and clients poll (default 8000)"
    case .maxHeaders: "size of a request's variables, headers and query; past it 431 (default 64k)"
    case .maxBody: "size of a request's body; past it 413; nginx has a limit of its own (default 1m)"
    case .maxConnections: "connections from nginx; those beyond wait in the kernel (default 16384)"
    case .requestTimeout: "how long a request may take to arrive; then its connection is closed (default 10s)"
    case .replyTimeout: "how long nginx may take nothing of a reply; then its connection is closed (default 30s)"
    case .upstreamLimit: "requests to model providers at a time (default 4000)"
    case .upstreamHostLimit: "the same for each host (default 4000)"
    case .upstreamQueue: "turns that may wait for their request to be sent; past it starts get 503 (default 1000)"
    case .upstreamQueueTimeout: "how long one may wait; then the turn ends with `overloaded` (default 10s)"
    case .upstreamAllow:
      "hosts and networks reached although an address is link-local, a cloud's metadata, unspecified, multicast or "
        + "broadcast, with commas; a leading dot for a whole domain"
    case .upstreamOnly:
      "hosts and networks that alone are reached, with commas; a leading dot for a whole domain (default: all)"
    case .proxy:
      "proxy to the providers: http://host:port, https://… or socks5h://…, user:password@ before the host"
    case .noProxy: "hosts reached without it, with commas; a leading dot for a whole domain"
    case .caBundle: "PEM file of the authorities trusted upstream (default: the system's)"
    case .drainTimeout: "how long SIGTERM waits for live turns: 500ms, 60s, 5m (default 60s)"
    case .logLevel: "debug, info, warning or error (default info)"
    case .logFormat: "text or json (default text)"
    }
  }

  /// Whether SIGHUP is enough for a change to hold.
  var isReloadable: Bool {
    switch self {
    case .keyFile, .credentialKeys, .turnLimit, .streamLimit, .maxHeaders, .maxBody, .maxConnections, .requestTimeout,
      .replyTimeout,
      .upstreamLimit,
      .upstreamHostLimit, .upstreamQueue, .upstreamQueueTimeout, .drainTimeout, .logLevel:
      true
    case .listen, .operatorListen, .socketMode, .socketGroup, .database, .adminDatabase, .databaseConnections,
      .databaseQueue,
      .preparedStatements, .nodeTag, .loops, .upstreamAllow, .upstreamOnly, .proxy, .noProxy, .caBundle, .logFormat:
      false
    }
  }
}
