import NIOCore

/// The cues of a streamed answer, made one by one as they are asked for.
struct StreamCues: IteratorProtocol {
  static let contentType = "text/event-stream; charset=utf-8"
  /// What stands in a `data:` line that is no JSON.
  static let garbage = "{\"id\":\"chatcmpl-\",\"choices\":[{\"index\":0,\"del"

  private enum Stage {
    case head  // -> filter, fault
    case fault  // right after the headers -> filter, end, over
    case filter  // -> role
    case role  // -> text
    case text  // -> text, line, closing; by a fault -> end, over
    case line(LongLine)  // -> line, padding
    case padding(Int)  // what is left of it -> padding, closing
    case closing  // -> end
    case end(Exchange.End)  // -> over
    case over
  }

  private let script: Script
  private var framing: EventFraming
  private var text: AnswerText
  private var sent = 0
  private var stage = Stage.head
  /// Still to come; nil once it struck, or if it is none that strikes within the answer.
  private var fault: Scenario.Fault?
  /// Tokens before the fault; below 0 before the role too.
  private let limit: Int

  init(_ script: Script) {
    self.script = script
    framing = EventFraming(script.scenario)
    text = script.text
    fault = script.scenario.fault == .nodone ? nil : script.scenario.fault
    limit = if case .tokens(let tokens) = script.scenario.after { tokens } else { -1 }
  }

  mutating func next() -> Cue? {
    switch stage {
    case .head:
      stage = fault != nil && limit < 0 ? .fault : .filter
      return Cue(at: script.headers, action: .head(Cue.Head(contentType: Self.contentType)))
    case .fault:
      return strike(then: .filter)
    case .filter:
      stage = .role
      guard script.scenario.hasFilterResults else { return next() }
      return Cue(at: script.headers, action: .write(framing.event(Completion.filterResults)))
    case .role:
      stage = .text
      return Cue(at: script.headers, action: .write(framing.event(script.completion.roleChunk)))
    case .text:
      return fault != nil && (sent >= limit || text.count == 0) ? strike(then: .text) : batch()
    case .line(var line):
      guard let piece = line.next() else { return paddingStart() }
      stage = .line(line)
      return Cue(at: script.due(sent), action: .write(piece))
    case .padding(let count):
      guard count > 0 else { return lineEnd() }
      let piece = LongLine.padding(count)
      stage = .padding(count - piece.readableBytes)
      return Cue(at: script.due(sent), action: .write(piece))
    case .closing:
      return closing()
    case .end(let end):
      stage = .over
      return Cue(at: .zero, action: .end(end))
    case .over:
      return nil
    }
  }

  /// The tokens up to the end of the batch, or to the fault; behind them all, what follows the text.
  private mutating func batch() -> Cue? {
    guard text.count > 0 else { return lineStart() }
    let time = script.due(sent)
    if script.scenario.text == .clock { return clock(at: time) }
    var size = script.scenario.batch - sent % script.scenario.batch
    if fault != nil { size = min(size, limit - sent) }
    var bytes = ByteBufferAllocator().buffer(capacity: script.completion.capacity(tokens: min(size, text.count)))
    let before = sent
    while sent - before < size, let token = text.next() {
      framing.begin(in: &bytes)
      script.completion.appendChunk(token, to: &bytes)
      framing.end(in: &bytes)
      sent += 1
    }
    return Cue(at: time, action: .write(bytes, tokens: sent - before))
  }

  /// One token that tells the time.
  private mutating func clock(at time: TimeAmount) -> Cue {
    _ = text.next()
    sent += 1
    var (before, after) = (ByteBuffer(), ByteBuffer())
    framing.begin(in: &before)
    script.completion.beginChunk(in: &before)
    script.completion.closeChunk(in: &after)
    framing.end(in: &after)
    return Cue(at: time, action: .clock(before: before, after: after))
  }

  /// The long line up to its text, if there is one.
  private mutating func lineStart() -> Cue? {
    guard let line = script.line else {
      stage = .closing
      return next()
    }
    stage = .line(line)
    var bytes = ByteBuffer()
    framing.begin(in: &bytes)
    script.completion.beginChunk(in: &bytes)
    return Cue(at: script.due(sent), action: .write(bytes))
  }

  private mutating func paddingStart() -> Cue {
    stage = .padding(script.padding ?? 0)
    var bytes = ByteBuffer()
    script.completion.beginPadding(in: &bytes)
    return Cue(at: script.due(sent), action: .write(bytes))
  }

  private mutating func lineEnd() -> Cue {
    let time = script.due(sent)
    stage = .closing
    sent += 1
    var bytes = ByteBuffer()
    script.completion.endPadding(in: &bytes)
    framing.end(in: &bytes)
    return Cue(at: time, action: .write(bytes))
  }

  /// What follows the text: the finish reason, the usage if it was asked for, and `[DONE]` unless left out.
  private mutating func closing() -> Cue {
    stage = .end(script.scenario.fault == nil ? .completed : .fault)
    var bytes = framing.event(script.completion.finishChunk(script.finish))
    if let usage = script.completion.usageChunk(script.usage(sent)) { framing.append(usage, to: &bytes) }
    if script.scenario.fault != .nodone { framing.append("[DONE]", to: &bytes) }
    return Cue(at: script.due(max(0, sent - 1)), action: .write(bytes))
  }

  /// The fault, when the next token would have been due; an answer that survives it goes on with `next`.
  private mutating func strike(then next: Stage) -> Cue? {
    let time = script.due(sent)
    defer { fault = nil }
    switch fault {
    case .garbage:
      stage = next
      return Cue(at: time, action: .write(framing.event(Self.garbage)))
    case .gzip:
      stage = next
      return Cue(at: time, action: .raw(GzipCues.broken))
    case .error:
      stage = .end(.fault)
      return Cue(at: time, action: .write(framing.event(Refusal.serverError.line)))
    case .eof:
      stage = .over
      return Cue(at: time, action: .end(.fault))
    case .cut:
      stage = .over
      return Cue(at: time, action: .cut)
    case .reset:
      stage = .over
      return Cue(at: time, action: .reset)
    case .stall, .status, .stallheaders, .halfhead, .nodone, nil:
      stage = .over
      return Cue(at: time, action: .hold)
    }
  }
}
