import NIOCore

/// What is sent for one chat request, and when: the scenario, the text and the wire format brought together. Pure.
struct Script: Sendable {
  let scenario: Scenario
  let text: AnswerText
  let completion: Completion
  let promptTokens: Int

  /// The cues of the answer, as a stream or as one object.
  func cues(stream: Bool) -> any IteratorProtocol<Cue> {
    var cues = struck ?? (stream ? streamed : classic.makeIterator())
    if scenario.isGzipped { cues = GzipCues(cues) }
    if scenario.split > 0 { cues = SplitCues(cues, size: scenario.split) }
    return cues
  }

  var finish: Completion.FinishReason { text.isCut ? .length : .stop }

  /// The long token behind the text; nil if there is none, or if the client's limit cuts it off with the text.
  var line: LongLine? { text.isCut ? nil : scenario.line.map { LongLine(size: $0, fill: scenario.fill) } }

  /// How much padding brings the long token's data line to its size; nil if even without any it is too long.
  var padding: Int? {
    guard let size = scenario.line, let line else { return nil }
    let padding = size - line.count - completion.paddedFrame - EventFraming(scenario).prefix.count
    return padding >= 0 ? padding : nil
  }

  func usage(_ tokens: Int) -> Completion.Usage { Completion.Usage(prompt: promptTokens, completion: tokens) }

  /// When the token with this number (from 0) is due: tokens of one batch come together.
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
        status: scenario.status,
        retryAfter: scenario.retry ?? Cue.usualRetryAfter(scenario.status),
        location: (300..<400).contains(scenario.status) ? Self.redirected + completion.id : nil, at: headers)
    case (.stallheaders, _): [Cue(at: .zero, action: .hold)].makeIterator()
    case (.halfhead, _):
      [
        Cue(at: headers, action: .head(Cue.Head(contentType: StreamCues.contentType))),
        Cue(at: headers, action: .hold),
      ].makeIterator()
    case (.stall, .request): [Cue(at: headers, action: .hold)].makeIterator()
    case (.reset, .request): [Cue(at: headers, action: .reset)].makeIterator()
    case (.cut, .request): [Cue(at: headers, action: .cut)].makeIterator()
    default: nil
    }
  }

  private var streamed: any IteratorProtocol<Cue> {
    let cues = StreamCues(self)
    guard let beat = scenario.beat else { return cues }
    return BeatCues(cues, every: .milliseconds(Int64(beat)), framing: EventFraming(scenario))
  }

  /// A non-streaming answer takes as long as the stream would, then comes whole; faults strike as they can here.
  private var classic: [Cue] {
    let time = due(text.count)
    let tokens = text.count + (line == nil ? 0 : 1)
    let body = completion.object(text, line, finish, usage(tokens))
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
    case .error: Cue.refusing(.serverError, at: time)
    case .garbage: Cue.whole(ByteBuffer(string: StreamCues.garbage), at: time, end: .fault)
    case .status, .stallheaders, .halfhead, .nodone, nil: Cue.whole(body, at: time, tokens: text.count)
    }
  }
}
