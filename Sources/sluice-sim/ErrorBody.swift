import NIOCore
import NIOHTTP1

/// What stands under a scripted status: what the provider says, or what a proxy before it says.
enum ErrorBody: String, CaseIterable, Sendable {
  /// The provider's error object.
  case json
  /// The page of a proxy.
  case html
  /// Nothing.
  case empty
  /// An error object that never ends.
  case endless

  /// The answer with this body.
  /// - Parameters:
  ///   - dialect: whose error it is.
  ///   - location: where a redirect leads; nil for what is none.
  ///   - time: when it is sent.
  func cues(
    _ refusal: Refusal, by dialect: any Dialect, retryAfter: RetryAfter, location: String?, at time: TimeAmount
  ) -> any IteratorProtocol<Cue> {
    var head = Cue.Head(status: refusal.status, retryAfter: retryAfter, location: location)
    let body: ByteBuffer
    switch self {
    case .json:
      head.more = dialect.headers(refusal)
      body = ByteBuffer(string: dialect.body(refusal))
    case .html:
      head.contentType = "text/html"
      body = ByteBuffer(string: Self.page(HTTPResponseStatus(statusCode: refusal.status)))
    case .empty:
      head.contentType = "text/plain"
      body = ByteBuffer()
    case .endless:
      return EndlessCues(head, at: time)
    }
    head.length = body.readableBytes
    return [
      Cue(at: time, action: .head(head)), Cue(at: time, action: .write(body)), Cue(at: time, action: .end(.fault)),
    ].makeIterator()
  }

  /// What nginx sends where it has no page of its own.
  private static func page(_ status: HTTPResponseStatus) -> String {
    let title = "\(status.code) \(status.reasonPhrase)"
    return "<html>\r\n<head><title>\(title)</title></head>\r\n<body>\r\n<center><h1>\(title)</h1></center>\r\n"
      + "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
  }
}

/// A head, and then an error message without end: 16 KB every 10 ms.
struct EndlessCues: IteratorProtocol {
  private static let opening = ByteBuffer(string: "{\"error\":{\"message\":\"")
  private static let more = ByteBuffer(string: String(repeating: "and again ", count: 1638))

  private let head: Cue.Head
  private let start: TimeAmount
  private var sent = -2

  init(_ head: Cue.Head, at start: TimeAmount) {
    self.head = head
    self.start = start
  }

  mutating func next() -> Cue? {
    defer { sent += 1 }
    switch sent {
    case -2: return Cue(at: start, action: .head(head))
    case -1: return Cue(at: start, action: .write(Self.opening))
    default: return Cue(at: start + .milliseconds(10 * Int64(sent)), action: .write(Self.more))
    }
  }
}
