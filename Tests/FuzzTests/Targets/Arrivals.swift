@testable import FrontDoor

/// What a connection reads out of the bytes that come on it, one request after the other, as `Connection` does.
struct Arrivals: Equatable {
  struct Taken: Equatable {
    /// The bytes that it is.
    let bytes: [UInt8]
    /// Nil if they cannot be decoded.
    let request: Reading?
    let keepsConnection: Bool
    /// What an answer with the request's body for a body is written as.
    let reply: [UInt8]
    let requestID: UInt16
  }

  enum Event: Equatable {
    case taken(Taken)
    case aborted(Int)
    /// With the variables, where they are all there.
    case refused(String, Reading?)
    /// That many bytes are left of a request that is not whole.
    case unfinished(Int)
  }

  private(set) var events: [Event] = []

  private static let mostRequests = 32

  /// Short, so that a fuzzer's inputs reach them.
  static let limits = {
    var limits = Limits()
    limits.maxParams = 1_024
    limits.maxBody = 512
    return limits
  }()

  init(_ input: [UInt8], speaking dialect: Dialect, cut: Cut) throws(Violation) {
    let codecs: Framing.Codecs
    do { codecs = Framing.Codecs(fastCGI: try FastCGI(), scgi: SCGI()) } catch {
      throw Violation(description: "\(error)")
    }
    var framing = Framing(dialect)
    var held: [UInt8] = []
    for piece in cut.pieces(of: input) {
      held += piece
      while !held.isEmpty {
        guard let used = try step(&framing, held, codecs) else { return }
        if used == 0 { break }
        held.removeFirst(used)
      }
    }
    if !held.isEmpty { events.append(.unfinished(held.count)) }
  }

  /// How many bytes are done with: 0 if more must come, nil if the connection ends.
  private mutating func step(_ framing: inout Framing, _ held: [UInt8], _ codecs: Framing.Codecs) throws(Violation)
    -> Int?
  {
    try withExactCopy(of: held) { (raw) throws(Violation) in
      let bytes = raw.bindMemory(to: UInt8.self)
      switch framing.advance(over: Span(_unsafeElements: bytes), within: Self.limits) {
      case .incomplete: return 0
      case .complete(let count):
        try hold(count > 0 && count <= held.count, "a request of \(count) bytes in \(held.count)")
        return try take(&framing, UnsafeBufferPointer(rebasing: bytes.prefix(count)), codecs)
      case .aborted(let count):
        try hold(count > 0 && count <= held.count, "an aborted request of \(count) bytes in \(held.count)")
        events.append(.aborted(count))
        framing.restart()
        return count
      case .paramsTooLarge:
        events.append(.refused("params", nil))
      case .bodyTooLarge:
        events.append(.refused("body", variables(framing, bytes, codecs)))
      case .malformed:
        events.append(.refused("\(framing.mistake(in: Span(_unsafeElements: bytes)))", nil))
      }
      return nil
    }
  }

  private mutating func take(
    _ framing: inout Framing, _ bytes: UnsafeBufferPointer<UInt8>, _ codecs: Framing.Codecs
  ) throws(Violation) -> Int? {
    let request = framing.decode(Span(_unsafeElements: bytes), by: codecs)
    let body = request?.body ?? []
    try hold(body.count <= Self.limits.maxBody, "a body of \(body.count) bytes")
    let reply = framing.encode(Response(.ok, body: body), by: codecs).map { Array($0) }
    guard let reply else { throw Violation(description: "no reply") }
    var requestID: UInt16 = 0
    if case .fastCGI(let scan) = framing { requestID = scan.requestID }
    events.append(
      .taken(
        Taken(
          bytes: Array(bytes), request: request.map { Reading($0) }, keepsConnection: framing.keepsConnection,
          reply: reply, requestID: requestID)))
    guard framing.keepsConnection, events.count < Self.mostRequests else { return nil }
    framing.restart()
    return bytes.count
  }

  private func variables(
    _ framing: Framing, _ bytes: UnsafeBufferPointer<UInt8>, _ codecs: Framing.Codecs
  ) -> Reading? {
    framing.decodeVariables(Span(_unsafeElements: bytes), by: codecs).map { Reading($0) }
  }
}

/// A request, to be compared.
struct Reading: Equatable {
  let method: Method
  let path: String
  let mount: String
  /// By the names of their variables.
  let texts: [String: String]
  let body: [UInt8]

  init(_ request: Request) {
    method = request.method
    path = request.path
    mount = request.mount
    body = request.body
    let optional = [
      "QUERY_STRING": request.query.isEmpty ? nil : request.query, "HTTP_AUTHORIZATION": request.authorization,
      "HTTP_HOST": request.host, "HTTP_ORIGIN": request.origin, "HTTP_ACCEPT": request.accept,
      "CONTENT_TYPE": request.contentType, "HTTP_IDEMPOTENCY_KEY": request.idempotencyKey,
      "HTTP_LAST_EVENT_ID": request.lastEventID, "HTTP_X_SLUICE_USER": request.user,
      "REMOTE_ADDR": request.remoteAddress,
    ]
    texts = optional.compactMapValues { $0 }
  }

  private init(method: Method, path: String, mount: String, texts: [String: String], body: [UInt8]) {
    (self.method, self.path, self.mount, self.texts, self.body) = (method, path, mount, texts, body)
  }

  private static let others = ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "DOCUMENT_URI"]
  private static let named = [
    "QUERY_STRING", "HTTP_AUTHORIZATION", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_ACCEPT", "CONTENT_TYPE",
    "HTTP_IDEMPOTENCY_KEY", "HTTP_LAST_EVENT_ID", "HTTP_X_SLUICE_USER", "REMOTE_ADDR",
  ]

  /// What variables mean, read anew and slowly. Nil if they are no request's.
  init?(variables: [(name: [UInt8], value: [UInt8])], body: [UInt8]) {
    var texts: [String: String] = [:]
    for name in Self.others + Self.named {
      guard let value = variables.first(where: { $0.name == Array(name.utf8) && !$0.value.isEmpty })?.value else {
        continue
      }
      guard let text = String(validating: value, as: UTF8.self) else { return nil }
      texts[name] = text
    }
    guard let method = texts["REQUEST_METHOD"] else { return nil }
    var mount = Array((texts["SCRIPT_NAME"] ?? "").utf8)
    while mount.last == UInt8(ascii: "/") { mount.removeLast() }
    let path: [UInt8]
    if let info = texts["PATH_INFO"] {
      path = Array(info.utf8)
    } else {
      let whole = Array((texts["DOCUMENT_URI"] ?? "").utf8)
      let isBelow =
        whole != Array((texts["SCRIPT_NAME"] ?? "").utf8) && whole.starts(with: mount + [UInt8(ascii: "/")])
      path = isBelow ? Array(whole.dropFirst(mount.count)) : whole
      if !isBelow { mount = [] }
    }
    guard path.first == UInt8(ascii: "/") else { return nil }
    self.init(
      method: Method(rawValue: method) ?? .other, path: String(decoding: path, as: UTF8.self),
      mount: String(decoding: mount, as: UTF8.self), texts: texts.filter { Self.named.contains($0.key) }, body: body)
  }
}
