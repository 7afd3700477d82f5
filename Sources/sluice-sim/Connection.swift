import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// One client connection: gathers a request, then plays the cues of its answer on its event loop.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// The longest request body that is read.
  static let bodyCapacity = 32 << 20
  /// How many cues run before other connections of the loop have their turn.
  private static let burst = 256

  private struct Performance {
    let version: HTTPVersion
    let keepAlive: Bool
    /// Cues count from here; a head that takes its time moves it on.
    var start: NIODeadline
    var answer: Answer
    var hasHead = false
    /// Taken from the cues, but not yet due.
    var upcoming: Cue?
  }

  private let routes: Routes
  private let metronome: Metronome
  private let slowHead: SlowHead
  private var peer: Peer
  private var context: ChannelHandlerContext?
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()
  private var isTooLarge = false
  private var performance: Performance?
  /// The beat of the metronome it waits for; nil while it plays, or waits for the client.
  private var beat: Int64?
  private var isPlaying = false
  /// Whether something was written that still has to be flushed.
  private var needsFlush = false

  /// - Parameter slowHead: stands in the same pipeline, below the encoder.
  init(routes: Routes, metronome: Metronome, slowHead: SlowHead, peer: Peer) {
    self.routes = routes
    self.metronome = metronome
    self.slowHead = slowHead
    self.peer = peer
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent {
      let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
      peer.subject = (try? tls?.peerCertificate?.toDERBytes()).flatMap { Subject.text(der: $0) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = ByteBuffer()
      isTooLarge = false
      if head.headers[canonicalForm: "expect"].contains("100-continue") {
        let interim = HTTPResponseHead(version: head.version, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
      }
    case .body(let bytes):
      isTooLarge = isTooLarge || body.readableBytes + bytes.readableBytes > Self.bodyCapacity
      if isTooLarge { body = ByteBuffer() } else { body.writeImmutableBuffer(bytes) }
    case .end:
      guard let head else { return }
      let answer = isTooLarge ? routes.refuse(head, .tooLarge) : routes.answer(head, body: body, peer: peer)
      self.head = nil
      body = ByteBuffer()
      performance = Performance(
        version: head.version, keepAlive: head.isKeepAlive, start: .now(), answer: answer)
      play()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    context.fireChannelWritabilityChanged()
    if context.channel.isWritable { play() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if let beat { metronome.cancel(self, at: beat) }
    beat = nil
    note(.clientClosed, of: performance)
    performance = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  /// The metronome's call.
  func wake() {
    beat = nil
    play()
  }

  /// Performs what is due and asks to be woken for what is not; a full socket resumes it by becoming writable.
  private func play() {
    // Writing may report writability, or hand over the next pipelined request, in mid-call: the loop below goes on.
    guard let context, !isPlaying, beat == nil else { return }
    isPlaying = true
    defer { isPlaying = false }
    for _ in 0..<Self.burst {
      guard context.channel.isWritable, let start = performance?.start,
        let cue = performance?.upcoming ?? performance?.answer.cues.next()
      else { return }
      let due = start + cue.at
      guard due <= .now() else {
        flush(context)
        performance?.upcoming = cue
        beat = metronome.wake(self, at: due)
        return
      }
      performance?.upcoming = nil
      perform(cue.action, context)
    }
    beat = metronome.wake(self, at: .now())
  }

  private func perform(_ action: Cue.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .head(let head):
      performance?.hasHead = true
      if let now = performance, now.answer.pace != HeadPace() {
        slowHead.expect(now.answer.pace)
        performance?.start = now.start + now.answer.pace.duration
      }
      context.write(wrapOutboundOut(.head(responseHead(head))), promise: nil)
      needsFlush = true
    case .raw(let bytes):
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
      needsFlush = false
    case .write(let bytes, let tokens):
      if tokens > 0 { performance?.answer.exchange?.sent(tokens: tokens) }
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
      needsFlush = false
    case .clock(var bytes, let after):
      performance?.answer.exchange?.sent(tokens: 1)
      bytes.writeString("\(NIODeadline.now().uptimeNanoseconds) ")
      bytes.writeImmutableBuffer(after)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
      needsFlush = false
    case .hold:
      flush(context)
    case .end(let end):
      let ended = performance
      performance = nil
      write(.end(nil), of: ended, context) { context in
        self.note(end, of: ended)
        if ended?.keepAlive != true { context.close(promise: nil) }
      }
    case .cut, .reset:
      guard let ended = performance, ended.hasHead else {
        close(context, action)
        return
      }
      write(.body(.byteBuffer(ByteBuffer())), of: ended, context) { context in self.close(context, action) }
    }
  }

  /// Ends the answer under way by a fault and closes the connection under it.
  private func close(_ context: ChannelHandlerContext, _ action: Cue.Action) {
    note(.fault, of: performance)
    performance = nil
    var context = context
    if action == .reset, let socket = context.channel as? any SocketOptionProvider {
      // Lingering for zero seconds makes close(2) send RST instead of FIN; the setting itself is synchronous here.
      _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
    // From below TLS: a connection that breaks says no goodbye.
    let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
    if let tls { context = tls }
    context.close(promise: nil)
  }

  private func flush(_ context: ChannelHandlerContext) {
    guard needsFlush else { return }
    needsFlush = false
    context.flush()
  }

  /// Writes and flushes; runs `then` once all before is in the socket, and notes a client that left too early.
  private func write(
    _ part: HTTPServerResponsePart, of performance: Performance?, _ context: ChannelHandlerContext,
    then: @escaping (ChannelHandlerContext) -> Void
  ) {
    let written = context.writeAndFlush(wrapOutboundOut(part))
    written.assumeIsolated().whenComplete { result in
      switch result {
      case .success: then(context)
      case .failure: self.note(.clientClosed, of: performance)
      }
    }
  }

  private func note(_ end: Exchange.End, of performance: Performance?) {
    guard let exchange = performance?.answer.exchange else { return }
    routes.chat.journal.end(exchange, end)
  }

  private func responseHead(_ head: Cue.Head) -> HTTPResponseHead {
    var headers = HTTPHeaders()
    headers.add(name: "content-type", value: head.contentType)
    headers.add(name: "cache-control", value: "no-cache")
    for header in (performance?.answer.headers ?? []) + head.more {
      headers.add(name: header.name, value: header.value)
    }
    if let length = head.length { headers.add(name: "content-length", value: String(length)) }
    if let location = head.location { headers.add(name: "location", value: location) }
    if head.isGzipped { headers.add(name: "content-encoding", value: "gzip") }
    let now = Int(Exchange.milliseconds() / 1000)
    if let retryAfter = head.retryAfter.value(now: now) { headers.add(name: "retry-after", value: retryAfter) }
    let keepAlive = performance?.keepAlive ?? false
    headers.add(name: "connection", value: keepAlive ? "keep-alive" : "close")
    return HTTPResponseHead(
      version: performance?.version ?? .http1_1, status: HTTPResponseStatus(statusCode: head.status), headers: headers)
  }
}
