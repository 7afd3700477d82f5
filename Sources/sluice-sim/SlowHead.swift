import NIOCore

/// Lets the head of an answer out at its pace. It stands below the HTTP encoder, where a head is bytes.
final class SlowHead: ChannelOutboundHandler {
  typealias OutboundIn = IOData
  typealias OutboundOut = ByteBuffer

  private struct Head {
    let pace: HeadPace
    let start: NIODeadline
    let bytes: ByteBuffer
    let statusLine: Int
    /// How many of `bytes` ever go.
    let limit: Int
    var sent = 0

    init(_ bytes: ByteBuffer, _ pace: HeadPace, start: NIODeadline) {
      self.bytes = bytes
      self.pace = pace
      self.start = start
      let lineEnd = bytes.readableBytesView.firstIndex(of: UInt8(ascii: "\n"))
      statusLine = lineEnd.map { $0 - bytes.readerIndex + 1 } ?? bytes.readableBytes
      limit = pace.isHalf ? statusLine + (bytes.readableBytes - statusLine) / 2 : bytes.readableBytes
    }

    /// When the next byte may go.
    var due: NIODeadline { start + pace.due(sent, of: bytes.readableBytes, statusLine: statusLine) }

    /// The next piece: one byte of a dribble, otherwise the status line, then the rest.
    mutating func piece() -> ByteBuffer? {
      let end = pace.dribble > 0 ? sent + 1 : sent < statusLine ? statusLine : limit
      return take(to: min(end, limit))
    }

    /// All that has not gone yet.
    mutating func rest() -> ByteBuffer? { take(to: limit) }

    private mutating func take(to end: Int) -> ByteBuffer? {
      defer { sent = end }
      return bytes.getSlice(at: bytes.readerIndex + sent, length: end - sent)
    }
  }

  private var expected: HeadPace?
  private var head: Head?
  private var timer: Scheduled<Void>?

  /// The next write is a head, to be let out at `pace`. What follows it is to be written ``HeadPace/duration`` later.
  func expect(_ pace: HeadPace) { expected = pace }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard let pace = expected, case .byteBuffer(let bytes) = unwrapOutboundIn(data) else {
      release(context)
      context.write(data, promise: promise)
      return
    }
    expected = nil
    head = Head(bytes, pace, start: context.eventLoop.now)
    promise?.succeed()
    advance(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    head = nil
  }

  /// Sends what is due, each piece in a segment of its own, and asks to be woken for the next.
  private func advance(_ context: ChannelHandlerContext) {
    while let head, head.sent < head.limit {
      guard head.due <= context.eventLoop.now else {
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: head.due) { self.advance(context) }
        return
      }
      if let piece = self.head?.piece() { context.writeAndFlush(wrapOutboundOut(piece), promise: nil) }
    }
    head = nil
  }

  /// Sends what is left of a head because something comes behind it.
  private func release(_ context: ChannelHandlerContext) {
    timer?.cancel()
    if let rest = head?.rest(), rest.readableBytes > 0 { context.write(wrapOutboundOut(rest), promise: nil) }
    head = nil
  }
}
