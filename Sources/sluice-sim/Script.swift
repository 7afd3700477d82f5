import NIOCore

/// What is sent for one chat request, and when: the scenario, the text and the wire format brought together. Pure.
struct Script: Sendable {
  let scenario: Scenario
  let text: AnswerText
  let completion: Completion
  let promptTokens: Int

  /// The cues of the answer, as a stream or as one object.
  func cues(stream: Bool) -> any IteratorProtocol<Cue> {
    let headers = TimeAmount.milliseconds(Int64(scenario.delay))
    let cues: any IteratorProtocol<Cue> =
      switch scenario.fault {
      case .status: Cue.refusing(.scripted(scenario.status), at: headers).makeIterator()
      case .stallheaders: [Cue(at: .zero, action: .hold)].makeIterator()
      default: stream ? StreamCues(self) : classic.makeIterator()
      }
    return scenario.split > 0 ? SplitCues(cues, size: scenario.split) : cues
  }

  var finish: Completion.FinishReason { text.isCut ? .length : .stop }

  func usage(_ tokens: Int) -> Completion.Usage { Completion.Usage(prompt: promptTokens, completion: tokens) }

  /// When the token with this number (from 0) is due: tokens of one batch come together.
  func due(_ token: Int) -> TimeAmount {
    let start = TimeAmount.milliseconds(Int64(scenario.delay) + Int64(scenario.first))
    guard scenario.rate > 0 else { return start }
    let inBatches = Double(token / scenario.batch * scenario.batch)
    return start + .nanoseconds(Int64(min(inBatches / scenario.rate, 1e9) * 1e9))
  }

  /// A non-streaming answer takes as long as the stream would, then comes whole; faults strike as they can here.
  private var classic: [Cue] {
    let time = due(text.count)
    let body = completion.object(text.joined(first: text.count), finish, usage(text.count))
    let half = [
      Cue(at: time, action: .head(Cue.Head(length: body.readableBytes))),
      Cue(at: time, action: .write(body.getSlice(at: 0, length: body.readableBytes / 2) ?? body)),
    ]
    return switch scenario.fault {
    case .reset: half + [Cue(at: time, action: .reset)]
    case .eof, .cut: half + [Cue(at: time, action: .cut)]
    case .stall: half + [Cue(at: time, action: .hold)]
    case .error: Cue.refusing(.serverError, at: time)
    case .garbage: Cue.whole(ByteBuffer(string: StreamCues.garbage), at: time, end: .fault)
    case .status, .stallheaders, .nodone, nil: Cue.whole(body, at: time, tokens: text.count)
    }
  }
}
