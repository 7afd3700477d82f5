import EventLoop

/// One turn and the client that reads it as a stream of events: starts, opens the stream, and again from the last
/// message's id when it was ended.
///
/// *Loop only.*
final class EventReader: TurnReader, HTTPConnection.Client, StreamConnection.Client, TimerHandler {
  private enum Phase { case starting, streaming, pausing, ended }

  private let loop: EventLoop
  private let load: TurnLoad
  private let start: [UInt8]
  private lazy var starter = HTTPConnection(loop: loop, port: load.options.port, client: self)
  private lazy var stream = StreamConnection(loop: loop, port: load.options.readPort, client: self)
  private var phase = Phase.starting
  private var turn: StartReply?
  /// The id of the last message, as it came.
  private var cursor: [UInt8] = Array("1.0".utf8)
  /// How much of the expected text has come.
  private var matched = 0
  private var hasText = false

  init(loop: EventLoop, load: TurnLoad, start: [UInt8]) {
    self.loop = loop
    self.load = load
    self.start = start
  }

  func begin() {
    phase = .starting
    starter.send(start)
  }

  // MARK: the start

  func received(status: Int, body: UnsafeRawBufferPointer) {
    guard phase == .starting else { return }
    guard status == 202 else {
      load.troubled("status \(status)")
      if status == 429 || status >= 500 { return pause() }
      return end("status \(status): \(String(decoding: body.prefix(200), as: UTF8.self))")
    }
    guard let reply = StartReply(body) else { return end("a start without turn and token") }
    turn = reply
    starter.close()
    open()
  }

  func failed(_ reason: String) {
    load.troubled(reason)
    pause()
  }

  // MARK: the stream

  private func open() {
    guard let turn else { return begin() }
    phase = .streaming
    let path = "/chat/\(turn.turn)/events?cursor=\(String(decoding: cursor, as: UTF8.self))"
    stream.send(HTTPText.get(path, token: turn.token, fields: ["Accept: text/event-stream"]))
  }

  func received(_ messages: [EventText.Message], in bytes: UnsafeRawBufferPointer) {
    let now = Instant.now().nanoseconds
    for message in messages {
      guard phase == .streaming, let data = message.data else { return }
      load.told()
      let body = UnsafeRawBufferPointer(rebasing: bytes[data])
      var place = 0
      while let text = PollReply.string(after: #"{"type":"text","text":""#, in: body, from: &place) {
        guard load.check(body[text], by: .events, now: now, matched: &matched, isFirst: !hasText) else {
          return end("not the text that was sent")
        }
        hasText = true
      }
      if let id = message.id { cursor = Array(bytes[id]) }
      switch message.event.map({ String(decoding: bytes[$0], as: UTF8.self) }) {
      case "end":
        var place = 0
        let state = PollReply.string(after: #""state":""#, in: body, from: &place).map { body[$0] }
        let isDone = state?.elementsEqual("done".utf8) == true && load.isWhole(matched)
        return end(isDone ? nil : "ended `\(String(decoding: body.suffix(120), as: UTF8.self))` after \(matched) bytes")
      case "reset": return end("reset")
      default: break
      }
    }
  }

  func ended(_ failure: String?) {
    guard phase == .streaming else { return }
    // Streams are ended now and then, to be opened again.
    if let failure { load.troubled(failure) }
    pause()
  }

  private func pause() {
    phase = .pausing
    _ = loop.schedule(at: .now().advanced(milliseconds: 100), handler: self, token: 0)
  }

  func timerFired(_ token: Int) { if phase == .pausing { open() } }

  private func end(_ failure: String?) {
    phase = .ended
    starter.close()
    stream.close()
    load.ended(failure)
  }
}
