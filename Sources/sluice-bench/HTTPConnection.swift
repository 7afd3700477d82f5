import EventLoop

/// One keep-alive connection to a server on loopback: one request at a time, answered with `Content-Length`.
///
/// *Loop only.* It opens itself with the first request, and anew after the server closed it.
final class HTTPConnection: Link.Client {
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
  private lazy var link = Link(loop: loop, to: .port(port), client: self)
  private var input: [UInt8] = []
  /// What `input` was, for its memory.
  private var spare: [UInt8] = []
  private var isWaiting = false
  /// The head of the last answer, if it is to be kept.
  private(set) var head: [UInt8] = []
  private let keepsHead: Bool

  init(loop: EventLoop, port: UInt16, client: any Client, keepsHead: Bool = false) {
    self.loop = loop
    self.port = port
    self.client = client
    self.keepsHead = keepsHead
  }

  func send(_ request: [UInt8]) {
    isWaiting = true
    link.send(request)
  }

  func close() {
    link.close()
    input = []
    isWaiting = false
  }

  func arrived(_ bytes: UnsafeRawBufferPointer) {
    input.append(contentsOf: bytes)
    guard isWaiting, let head = input.withUnsafeBytes({ HTTPHead($0) }) else { return }
    guard let length = head.contentLength else { return fail("an answer without Content-Length") }
    guard input.count >= head.end + length else { return }
    isWaiting = false
    // The client may send at once, and the next answer comes into an array of its own.
    let reply = input
    input = spare
    spare = []
    if keepsHead { self.head = Array(reply[..<head.end]) }
    if head.closes { close() }
    reply.withUnsafeBytes { bytes in
      client?.received(
        status: head.status, body: UnsafeRawBufferPointer(rebasing: bytes[head.end..<(head.end + length)]))
    }
    spare = reply
    spare.removeAll(keepingCapacity: true)
  }

  /// An idle connection may be closed at any time.
  func lost(_ reason: String) {
    if isWaiting { fail(reason) } else { close() }
  }

  private func fail(_ reason: String) {
    close()
    client?.failed(reason)
  }
}
