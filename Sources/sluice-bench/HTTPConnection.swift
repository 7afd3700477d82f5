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
  /// What `input` was, for its memory.
  private var spare: [UInt8] = []
  private var isWaiting = false
  /// Whether writability is watched as well: while connecting, and while the server takes no more.
  private var watchesWrite = false

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
    watchesWrite = true
    return nil
  }

  func ready(_ readiness: Readiness, descriptor: Int32) {
    if readiness.contains(.write) { flush() }
    if !readiness.isDisjoint(with: [.read, .hangUp]) { receive() }
  }

  private func flush() {
    guard sent < output.count else { return watchWrite(false) }
    let count = output.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }
    if count < 0 {
      // Not connected yet is no failure.
      if errno == EAGAIN || errno == ENOTCONN { return watchWrite(true) }
      return fail("send: \(String(cString: strerror(errno)))")
    }
    sent += count
    watchWrite(sent < output.count)
  }

  /// With nothing to send, writability would be told again and again.
  private func watchWrite(_ wanted: Bool) {
    guard wanted != watchesWrite, let watch else { return }
    watchesWrite = wanted
    loop.update(watch, for: wanted ? [.read, .write] : .read)
  }

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
    guard isWaiting, let head = input.withUnsafeBytes({ HTTPHead($0) }) else { return }
    guard let length = head.contentLength else { return fail("an answer without Content-Length") }
    guard input.count >= head.end + length else { return }
    isWaiting = false
    // The client may send at once, and the next answer comes into an array of its own.
    let reply = input
    input = spare
    spare = []
    if head.closes { close() }
    reply.withUnsafeBytes { bytes in
      client?.received(
        status: head.status, body: UnsafeRawBufferPointer(rebasing: bytes[head.end..<(head.end + length)]))
    }
    spare = reply
    spare.removeAll(keepingCapacity: true)
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
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, let end = Self.end(of: bytes) else { return nil }
    self.end = end
    // `HTTP/1.1 200 …`
    status = bytes.count > 12 ? (9..<12).reduce(0) { $0 * 10 + Int(bytes[$1] & 0x0F) } : 0
    var length = status == 204 || status == 304 ? 0 : nil
    var closes = false
    var start = 0
    while start < end, let feed = memchr(base + start, 0x0A, end - start) {
      let line = UnsafeRawBufferPointer(rebasing: bytes[start..<(UnsafeRawPointer(feed) - base)])
      start += line.count + 1
      if let value = Self.value(of: "content-length:", in: line) {
        length = value.reduce(0) { (0x30...0x39).contains($1) ? $0 * 10 + Int($1 - 0x30) : $0 }
      } else if let value = Self.value(of: "connection:", in: line) {
        closes = value.contains { $0 | 0x20 == 0x63 }  // the c of close, not keep-alive
      }
    }
    (contentLength, self.closes) = (length, closes)
  }

  /// Behind the first empty line.
  private static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
    var start = 0
    while start < bytes.count, let feed = memchr(bytes.baseAddress! + start, 0x0A, bytes.count - start) {
      let index = UnsafeRawPointer(feed) - bytes.baseAddress!
      if index - start == 1, start > 0, bytes[start] == 0x0D { return index + 1 }
      start = index + 1
    }
    return nil
  }

  private static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer>? {
    let count = name.utf8CodeUnitCount
    guard line.count >= count,
      strncasecmp(
        line.baseAddress!.assumingMemoryBound(to: CChar.self),
        UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), count) == 0
    else { return nil }
    return line[count...]
  }
}
