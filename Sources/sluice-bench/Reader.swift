import EventLoop
import Glibc

/// One turn and the client that reads it: starts, polls as it is told, compares what it gets with what was sent.
///
/// *Loop only.*
final class Reader: TurnReader, HTTPConnection.Client, TimerHandler {
  private enum Phase { case starting, polling, pausing, ended }

  private let loop: EventLoop
  private let load: TurnLoad
  private let start: [UInt8]
  private lazy var starter = HTTPConnection(loop: loop, port: load.options.port, client: self)
  private lazy var connection =
    load.options.readPort == load.options.port
    ? starter : HTTPConnection(loop: loop, port: load.options.readPort, client: self)
  private var phase = Phase.starting
  private var turn = ""
  private var token = ""
  private var cursor = "1.0"
  /// How much of the expected text has come.
  private var matched = 0
  private var hasText = false

  init(loop: EventLoop, load: TurnLoad, start: [UInt8]) {
    self.loop = loop
    self.load = load
    self.start = start
  }

  func begin() { starter.send(start) }

  func received(status: Int, body: UnsafeRawBufferPointer) {
    switch phase {
    case .starting:
      guard status == 202 else { return refused(status, body) }
      guard let reply = StartReply(body) else { return end("a start without turn and token") }
      (turn, token) = (reply.turn, reply.token)
      phase = .polling
      poll()
    case .polling:
      guard status == 200, let reply = PollReply(body) else { return refused(status, body) }
      take(reply, body)
    case .pausing, .ended: break
    }
  }

  func failed(_ reason: String) {
    load.troubled(reason)
    pause(100)
  }

  func timerFired(_ token: Int) {
    guard phase == .pausing else { return }
    if turn.isEmpty {
      phase = .starting
      begin()
    } else {
      phase = .polling
      poll()
    }
  }

  private func poll() {
    connection.send(
      Array(
        """
        GET /chat/\(turn)/poll?cursor=\(cursor)&wait=20000 HTTP/1.1\r
        Host: bench\r
        Authorization: Bearer \(token)\r
        \r\n
        """.utf8))
  }

  private func take(_ reply: PollReply, _ body: UnsafeRawBufferPointer) {
    load.polled()
    let now = Instant.now().nanoseconds
    for text in reply.texts {
      guard load.check(body[text], by: .polls, now: now, matched: &matched, isFirst: !hasText) else {
        return end("not the text that was sent")
      }
      hasText = true
    }
    cursor = reply.cursor
    guard reply.state == "streaming" else {
      return end(reply.state == "done" && load.isWhole(matched) ? nil : "ended `\(reply.state)` after \(matched) bytes")
    }
    reply.pollAfter == 0 ? poll() : pause(reply.pollAfter)
  }

  /// Any other answer: keep the cursor and try again, as the protocol says.
  private func refused(_ status: Int, _ body: UnsafeRawBufferPointer) {
    load.troubled("status \(status)")
    if status == 429 || status >= 500 { return pause(200) }
    end("status \(status): \(String(decoding: body.prefix(200), as: UTF8.self))")
  }

  private func pause(_ milliseconds: Int) {
    phase = .pausing
    _ = loop.schedule(at: .now().advanced(milliseconds: milliseconds), handler: self, token: 0)
  }

  private func end(_ failure: String?) {
    phase = .ended
    starter.close()
    connection.close()
    load.ended(failure)
  }
}
