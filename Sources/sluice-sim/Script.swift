import NIOCore

/// What is sent for one chat request, and when: the scenario, what is said and the format brought together. Pure.
struct Script: Sendable {
  let scenario: Scenario
  let reply: Reply
  let dialect: any Dialect

  /// The cues of the answer, as a stream or in one piece.
  func cues(stream: Bool) -> any IteratorProtocol<Cue> {
    var cues = struck ?? (stream ? streamed : classic.makeIterator())
    if scenario.isGzipped { cues = GzipCues(cues) }
    if scenario.split > 0 { cues = SplitCues(cues, size: scenario.split) }
    return cues
  }

  var stream: any AnswerStream { dialect.stream(reply, scenario) }

  var framing: any Framing { dialect.framing(scenario) }

  /// The head of a stream.
  var head: Cue.Head { Cue.Head(contentType: framing.contentType) }

  /// The scripted error.
  var refusal: Refusal { dialect.refusal(scenario.status, retry: retryAfter.seconds) }

  /// Whether the line of the long token, if there is one, is at least as long as what must stand in it.
  var hasRoomForLine: Bool {
    guard reply.line != nil else { return true }
    var stream = stream
    return stream.delta(of: .text).map { padding(of: $0, framing) >= 0 } ?? true
  }

  /// How much padding brings the long token's line to its size; below 0 if even without any it is too long.
  func padding(of delta: Delta, _ framing: any Framing) -> Int {
    guard let size = scenario.line, let line = reply.line else { return 0 }
    return size - line.count - delta.paddedFrame - framing.overhead(delta.head)
  }

  /// When the token with this number (from 0, of all parts) is due: tokens of one batch come together.
  func due(_ token: Int) -> TimeAmount {
    let start = headers + .milliseconds(Int64(scenario.first))
    guard scenario.rate > 0 else { return start }
    let inBatches = Double(token / scenario.batch * scenario.batch)
    return start + .nanoseconds(Int64(min(inBatches / scenario.rate, 1e9) * 1e9))
  }

  /// When the headers are due.
  var headers: TimeAmount { .milliseconds(Int64(scenario.delay)) }

  /// Where a redirect leads: a place that counts its visitors.
  static let redirected = "/sim/redirected/"

  /// A fault that comes instead of an answer; nil if there is none.
  private var struck: (any IteratorProtocol<Cue>)? {
    switch (scenario.fault, scenario.after) {
    case (.status, _):
      scenario.body.cues(
        refusal, by: dialect, retryAfter: retryAfter,
        location: (300..<400).contains(scenario.status) ? Self.redirected + reply.id : nil, at: headers)
    case (.stallheaders, _): [Cue(at: .zero, action: .hold)].makeIterator()
    case (.halfhead, _):
      [Cue(at: headers, action: .head(head)), Cue(at: headers, action: .hold)].makeIterator()
    case (.stall, .request): [Cue(at: headers, action: .hold)].makeIterator()
    case (.reset, .request): [Cue(at: headers, action: .reset)].makeIterator()
    case (.cut, .request): [Cue(at: headers, action: .cut)].makeIterator()
    default: nil
    }
  }

  private var retryAfter: RetryAfter { scenario.retry ?? Cue.usualRetryAfter(scenario.status) }

  private var streamed: any IteratorProtocol<Cue> {
    let cues = StreamCues(self)
    guard let beat = scenario.beat else { return cues }
    return BeatCues(cues, every: .milliseconds(Int64(beat)), framing: framing, ping: stream.ping)
  }

  /// A non-streaming answer takes as long as the stream would, then comes whole; faults strike as they can here.
  private var classic: [Cue] {
    let time = due(reply.count)
    let body = dialect.whole(reply)
    let isBeforeBody = if case .tokens = scenario.after { false } else { true }
    let half = [
      Cue(at: time, action: .head(Cue.Head(length: body.readableBytes))),
      Cue(
        at: time,
        action: .write(body.getSlice(at: 0, length: isBeforeBody ? 0 : body.readableBytes / 2) ?? ByteBuffer())),
    ]
    return switch scenario.fault {
    case .reset: half + [Cue(at: time, action: .reset)]
    case .eof, .cut: half + [Cue(at: time, action: .cut)]
    case .stall: half + [Cue(at: time, action: .hold)]
    case .gzip: half + [Cue(at: time, action: .raw(GzipCues.broken)), Cue(at: time, action: .end(.fault))]
    case .error, .failure: dialect.refuse(refusal, at: time)
    case .garbage: Cue.whole(ByteBuffer(string: stream.garbage.data), at: time, end: .fault)
    case .status, .stallheaders, .halfhead, .nodone, nil: Cue.whole(body, at: time, tokens: reply.text.count)
    }
  }
}
