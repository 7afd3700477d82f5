import EventLoop
import Glibc

/// One keep-alive connection to a server on loopback: one request at a time, answered with `Content-Length`.
///
/// *Loop only.* It opens itself with the first request, and anew after the server closed it.
final class HTTPConnection: ReadinessHandler {
  /// What becomes of a request.
  protocol Client: AnyObject {
    /// `body` is valid during the call only.
    func received(status: Int, body: UnsafeRawBufferPointer)
    /// No answer; `reason` is for people.
    func failed(_ reason: String)
  }

  private let loop: EventLoop
  private let port: UInt16
  private weak var client: (any Client)?
  private var descriptor: Int32 = -1
  private var watch: Watch?
  private var output: [UInt8] = []
  private var sent = 0
  private var input: [UInt8] = []
  private var isWaiting = false

  init(loop: EventLoop, port: UInt16, client: any Client) {
    self.loop = loop
    self.port = port
    self.client = client
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  func send(_ request: [UInt8]) {
    output = request
    sent = 0
    isWaiting = true
    if descriptor < 0, let reason = open() { return fail(reason) }
    flush()
  }

  func close() {
    if let watch { loop.unwatch(watch) }
    watch = nil
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
    input = []
    isWaiting = false
  }

  /// Nil, or why not.
  private func open() -> String? {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return "socket: \(String(cString: strerror(errno)))" }
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 || errno == EINPROGRESS else { return "connect: \(String(cString: strerror(errno)))" }
    do { watch = try loop.watch(descriptor, for: [.read, .write], handler: self) } catch { return "\(error)" }
    return nil
  }

  func ready(_ readiness: Readiness, descriptor: Int32) {
    if readiness.contains(.write) { flush() }
    if !readiness.isDisjoint(with: [.read, .hangUp]) { receive() }
  }

  private func flush() {
    guard sent < output.count else { return quiet() }
    let count = output.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }
    if count < 0 {
      // Not connected yet is no failure.
      if errno != EAGAIN && errno != ENOTCONN { fail("send: \(String(cString: strerror(errno)))") }
      return
    }
    sent += count
    if sent == output.count { quiet() }
  }

  /// Nothing more to send: writability would be told again and again.
  private func quiet() { if let watch { loop.update(watch, for: .read) } }

  private func receive() {
    var reason = "closed by the server"
    let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { scratch in
      let count = recv(descriptor, scratch.baseAddress, scratch.count, 0)
      if count > 0 { input.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<count])) }
      return count
    }
    if count > 0 { return deliver() }
    if count < 0 {
      if errno == EAGAIN || errno == EINTR { return }
      reason = "recv: \(String(cString: strerror(errno)))"
    }
    // An idle connection may be closed at any time.
    if isWaiting { fail(reason) } else { close() }
  }

  private func deliver() {
    guard isWaiting, let head = HTTPHead(input) else { return }
    guard let length = head.contentLength else { return fail("an answer without Content-Length") }
    guard input.count >= head.end + length else { return }
    isWaiting = false
    let reply = input
    input = []
    if head.closes { close() }
    reply.withUnsafeBytes { bytes in
      client?.received(
        status: head.status, body: UnsafeRawBufferPointer(rebasing: bytes[head.end..<(head.end + length)]))
    }
  }

  private func fail(_ reason: String) {
    close()
    client?.failed(reason)
  }
}

/// What of a response's head matters here (RFC 9112).
struct HTTPHead {
  let status: Int
  /// 0 for 204 and 304.
  let contentLength: Int?
  let closes: Bool
  /// Where the body begins.
  let end: Int

  /// Nil while it is not complete.
  init?(_ bytes: [UInt8]) {
    guard let end = Self.end(of: bytes) else { return nil }
    let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
    status = lines.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
    var length = status == 204 || status == 304 ? 0 : nil
    var closes = false
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      switch line[..<colon].lowercased() {
      case "content-length": length = Int(value)
      case "connection": closes = value.lowercased() == "close"
      default: break
      }
    }
    (contentLength, self.closes, self.end) = (length, closes, end)
  }

  private static func end(of bytes: [UInt8]) -> Int? {
    guard bytes.count >= 4 else { return nil }
    for index in 3..<bytes.count
    where bytes[index] == 0x0A && bytes[index - 1] == 0x0D && bytes[index - 2] == 0x0A && bytes[index - 3] == 0x0D {
      return index + 1
    }
    return nil
  }
}
