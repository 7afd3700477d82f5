import EventLoop

/// One request whose answer comes in pieces, for as long as it likes.
///
/// *Loop only.* It opens itself with the request.
final class StreamConnection: Link.Client {
  /// What becomes of the request.
  protocol Client: AnyObject {
    /// Server-sent events that came; they stand in `bytes`, which are valid during the call only.
    func received(_ messages: [EventText.Message], in bytes: UnsafeRawBufferPointer)
    /// The answer is over. `failure`: why it is not whole, for people.
    func ended(_ failure: String?)
  }

  private let loop: EventLoop
  private let port: UInt16
  private weak var client: (any Client)?
  private lazy var link = Link(loop: loop, to: .port(port), client: self)
  /// Until the head is there.
  private var input: [UInt8] = []
  private var head: HTTPHead?
  private var body = ChunkedBody()
  private var text = EventText()

  init(loop: EventLoop, port: UInt16, client: any Client) {
    self.loop = loop
    self.port = port
    self.client = client
  }

  func send(_ request: [UInt8]) {
    close()
    link.send(request)
  }

  func close() {
    link.close()
    (input, head, body, text) = ([], nil, ChunkedBody(), EventText())
  }

  func arrived(_ bytes: UnsafeRawBufferPointer) {
    if head != nil { return take(bytes) }
    input.append(contentsOf: bytes)
    guard let head = input.withUnsafeBytes({ HTTPHead($0) }) else { return }
    guard head.status == 200, head.isChunked else {
      let body = String(decoding: input[head.end...].prefix(200), as: UTF8.self)
      return end(head.status == 204 ? nil : "status \(head.status): \(body)")
    }
    self.head = head
    let rest = Array(input[head.end...])
    input = []
    rest.withUnsafeBytes { take($0) }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    var contents: [UnsafeRawBufferPointer] = []
    body.take(bytes) { contents.append($0) }
    for content in contents {
      let messages = text.take(content)
      // Held here: the client may close the connection meanwhile.
      let held = text.bytes
      if !messages.isEmpty { held.withUnsafeBytes { client?.received(messages, in: $0) } }
      guard head != nil else { return }
    }
    if body.isWhole { end(nil) } else if body.isBroken { end("chunks that are none") }
  }

  func lost(_ reason: String) { end(reason) }

  private func end(_ failure: String?) {
    close()
    client?.ended(failure)
  }
}
