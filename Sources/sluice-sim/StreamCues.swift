import NIOCore

/// The cues of a streamed answer, made one by one as they are asked for.
struct StreamCues: IteratorProtocol {
  /// What stands in a `data:` line that is no JSON.
  static let garbage = "{\"id\":\"chatcmpl-\",\"choices\":[{\"index\":0,\"del"

  private enum Stage {
    case head  // -> role
    case role  // -> text
    case text  // -> text, fault, closing
    case fault  // -> text after garbage, end after an error, over
    case closing  // -> end
    case end(Exchange.End)  // -> over
    case over
  }

  private let script: Script
  private var text: AnswerText
  private var sent = 0
  private var stage = Stage.head
  /// Still to come, counted from the first token; nil once it struck, or if it is none that strikes within the text.
  private var fault: Scenario.Fault?

  init(_ script: Script) {
    self.script = script
    text = script.text
    fault = script.scenario.fault == .nodone ? nil : script.scenario.fault
  }

  mutating func next() -> Cue? {
    let delay = TimeAmount.milliseconds(Int64(script.scenario.delay))
    switch stage {
    case .head:
      stage = .role
      return Cue(at: delay, action: .head(Cue.Head(contentType: "text/event-stream; charset=utf-8")))
    case .role:
      stage = .text
      return Cue(at: delay, action: .write(script.completion.roleChunk))
    case .text:
      if fault != nil && (sent >= script.scenario.after || text.count == 0) {
        stage = .fault
        return next()
      }
      guard text.count > 0 else {
        stage = .closing
        return next()
      }
      return batch()
    case .fault:
      return strike()
    case .closing:
      let isWhole = script.scenario.fault != .nodone
      stage = .end(script.scenario.fault == nil ? .completed : .fault)
      let bytes = script.completion.closing(script.finish, script.usage(sent), done: isWhole)
      return Cue(at: script.due(max(0, sent - 1)), action: .write(bytes))
    case .end(let end):
      stage = .over
      return Cue(at: .zero, action: .end(end))
    case .over:
      return nil
    }
  }

  /// The tokens up to the end of the batch, or to the fault.
  private mutating func batch() -> Cue {
    let time = script.due(sent)
    var size = script.scenario.batch - sent % script.scenario.batch
    if fault != nil { size = min(size, script.scenario.after - sent) }
    var bytes = ByteBufferAllocator().buffer(capacity: script.completion.capacity(tokens: min(size, text.count)))
    let before = sent
    while sent - before < size, let token = text.next() {
      script.completion.appendChunk(token, to: &bytes)
      sent += 1
    }
    return Cue(at: time, action: .write(bytes, tokens: sent - before))
  }

  /// The fault, when the next token would have been due.
  private mutating func strike() -> Cue? {
    let time = script.due(sent)
    defer { fault = nil }
    switch fault {
    case .garbage:
      stage = .text
      return Cue(at: time, action: .write(ByteBuffer(string: "data: \(Self.garbage)\n\n")))
    case .error:
      stage = .end(.fault)
      return Cue(at: time, action: .write(ByteBuffer(string: "data: \(Refusal.serverError.line)\n\n")))
    case .eof:
      stage = .over
      return Cue(at: time, action: .end(.fault))
    case .cut:
      stage = .over
      return Cue(at: time, action: .cut)
    case .reset:
      stage = .over
      return Cue(at: time, action: .reset)
    case .stall, .status, .stallheaders, .nodone, nil:
      stage = .over
      return Cue(at: time, action: .hold)
    }
  }
}
