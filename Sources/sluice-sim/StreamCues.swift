import NIOCore

/// The cues of a streamed answer, made one by one as they are asked for.
struct StreamCues: IteratorProtocol {
  private enum Stage {
    case head  // -> preface, fault
    case fault  // right after the headers -> preface, end, over
    case preface  // -> start
    case start  // -> parts
    case parts  // before a part -> pieces; after the last -> finish; by a fault -> end, over
    case pieces(Part)  // -> pieces, line, parts; by a fault -> end, over
    case line(LongLine)  // -> line, padding
    case padding(Int)  // what is left of it -> padding, closing
    case closing  // behind the long line -> parts
    case finish  // -> end
    case broken(Cue)  // half an event is sent -> over
    case end(Exchange.End)  // -> over
    case over
  }

  private let script: Script
  private var stream: any AnswerStream
  private var framing: any Framing
  private var parts: ArraySlice<Part>
  /// What is left of the part under way.
  private var pieces: AnswerText
  /// Of all parts.
  private var sent = 0
  /// Whether a write has one event only, and what else would be in it is lost: for the one that is sent half.
  private var isSingle = false
  private var stage = Stage.head
  /// Around the long token, while it is sent.
  private var delta: Delta?
  /// Still to come; nil once it struck, or if it is none that strikes within the answer.
  private var fault: Scenario.Fault?
  /// Pieces before the fault; below 0 before the start too.
  private let limit: Int

  init(_ script: Script) {
    self.script = script
    stream = script.stream
    framing = script.framing
    parts = script.reply.parts[...]
    pieces = AnswerText([])
    fault = script.scenario.fault == .nodone ? nil : script.scenario.fault
    limit = if case .tokens(let tokens) = script.scenario.after { tokens } else { -1 }
  }

  mutating func next() -> Cue? {
    switch stage {
    case .head:
      stage = fault != nil && limit < 0 ? .fault : .preface
      return Cue(at: script.headers, action: .head(script.head))
    case .fault:
      return strike(then: .preface)
    case .preface:
      stage = .start
      return write(stream.preface(), at: script.headers)
    case .start:
      stage = .parts
      return write(stream.start(), at: script.headers)
    case .parts:
      return part()
    case .pieces(let part):
      return isStruck ? strike(then: stage) : batch(of: part)
    case .line(var line):
      guard let piece = line.next() else { return paddingStart() }
      stage = .line(line)
      framing.pass(piece)
      return Cue(at: script.due(sent), action: .write(piece))
    case .padding(let count):
      guard count > 0, let delta else { return lineEnd() }
      let piece = LongLine.padding(count, of: delta.padding.filler)
      stage = .padding(count - piece.readableBytes)
      framing.pass(piece)
      return Cue(at: script.due(sent), action: .write(piece))
    case .closing:
      return close(.text)
    case .finish:
      return finish()
    case .broken(let cue):
      stage = .over
      return cue
    case .end(let end):
      stage = .over
      return Cue(at: .zero, action: .end(end))
    case .over:
      return nil
    }
  }

  /// These events in a write of their own; the next cue if there are none.
  private mutating func write(_ events: [Event], at time: TimeAmount) -> Cue? {
    guard let first = events.first else { return next() }
    return Cue(at: time, action: .write(framing.events(isSingle ? [first] : events)))
  }

  /// Whether the fault is to strike now: at its place, or at the end of an answer that is shorter.
  private var isStruck: Bool { fault != nil && (sent >= limit || (pieces.count == 0 && parts.isEmpty)) }

  /// Opens the next part; behind the last comes what ends the answer.
  private mutating func part() -> Cue? {
    if isStruck { return strike(then: .parts) }
    guard let part = parts.popFirst() else {
      stage = .finish
      return next()
    }
    pieces = script.reply.pieces(of: part)
    stage = .pieces(part)
    return write(stream.open(part), at: script.due(sent))
  }

  /// The pieces up to the end of the batch, or to the fault; behind them all, what follows them.
  private mutating func batch(of part: Part) -> Cue? {
    guard pieces.count > 0 else { return part == .text ? lineStart() : close(part) }
    let time = script.due(sent)
    if part == .text, script.scenario.text == .clock { return clock(at: time) }
    var size = isSingle ? 1 : script.scenario.batch - sent % script.scenario.batch
    if fault != nil { size = min(size, limit - sent) }
    let before = sent
    var bytes = ByteBuffer()
    while sent - before < size, let token = pieces.next() {
      if let delta = stream.delta(of: part) {
        if sent == before {
          let short = delta.lead.count + delta.trail.count + 24
          bytes = ByteBufferAllocator().buffer(capacity: short * min(size, pieces.count + 1))
        }
        framing.append(token, in: delta, to: &bytes)
      }
      sent += 1
    }
    guard bytes.readableBytes > 0 else { return next() }
    return Cue(at: time, action: .write(bytes, tokens: part == .text ? sent - before : 0))
  }

  /// One token that tells the time.
  private mutating func clock(at time: TimeAmount) -> Cue? {
    _ = pieces.next()
    sent += 1
    guard let delta = stream.delta(of: .text) else { return next() }
    var (before, after) = (ByteBuffer(), ByteBuffer())
    framing.begin(delta.head, length: 0, in: &before)
    before.writeBytes(delta.lead)
    after.writeBytes(delta.trail)
    framing.end(in: &after)
    return Cue(at: time, action: .clock(before: before, after: after))
  }

  private mutating func close(_ part: Part) -> Cue? {
    stage = .parts
    return write(stream.close(part), at: script.due(max(0, sent - 1)))
  }

  /// The long line up to its text, if there is one.
  private mutating func lineStart() -> Cue? {
    guard let line = script.reply.line, let delta = stream.delta(of: .text) else { return close(.text) }
    self.delta = delta
    stage = .line(line)
    var bytes = ByteBuffer()
    let padding = script.padding(of: delta, framing)
    framing.begin(delta.head, length: delta.paddedFrame + line.count + max(0, padding), in: &bytes)
    return passed(delta.lead, behind: bytes)
  }

  private mutating func paddingStart() -> Cue? {
    guard let delta else { return close(.text) }
    stage = .padding(script.padding(of: delta, framing))
    return passed(delta.padding.opening, behind: ByteBuffer())
  }

  private mutating func lineEnd() -> Cue? {
    guard let delta else { return close(.text) }
    let time = script.due(sent)
    self.delta = nil
    stage = .closing
    sent += 1
    var bytes = ByteBuffer(bytes: delta.padding.end)
    framing.pass(bytes)
    framing.end(in: &bytes)
    return Cue(at: time, action: .write(bytes))
  }

  /// `data` of the event under way.
  private mutating func passed(_ data: [UInt8], behind bytes: ByteBuffer) -> Cue {
    let data = ByteBuffer(bytes: data)
    framing.pass(data)
    var bytes = bytes
    bytes.writeImmutableBuffer(data)
    return Cue(at: script.due(sent), action: .write(bytes))
  }

  /// What follows all parts: how the answer ended, the usage, and the end mark unless left out.
  private mutating func finish() -> Cue? {
    stage = .end(script.scenario.fault == nil ? .completed : .fault)
    let events = stream.finish() + (script.scenario.fault == .nodone ? [] : stream.done())
    return write(events, at: script.due(max(0, sent - 1)))
  }

  /// The fault, when the next piece would have been due; an answer that survives it goes on with `next`.
  private mutating func strike(then next: Stage) -> Cue? {
    let time = script.due(sent)
    defer { fault = nil }
    switch fault {
    case .garbage:
      stage = next
      return write([stream.garbage], at: time)
    case .gzip:
      stage = next
      return Cue(at: time, action: .raw(GzipCues.broken))
    case .error:
      stage = .end(.fault)
      return write(stream.fail(script.refusal, other: false), at: time)
    case .failure:
      stage = .end(.fault)
      return write(stream.fail(script.refusal, other: true), at: time)
    case .eof: return stop(Cue(at: time, action: .end(.fault)), before: next)
    case .cut: return stop(Cue(at: time, action: .cut), before: next)
    case .reset: return stop(Cue(at: time, action: .reset), before: next)
    case .stall, .status, .stallheaders, .halfhead, .nodone, nil:
      return stop(Cue(at: time, action: .hold), before: next)
    }
  }

  /// The last cue; if the scenario has it so, half of the event that would have come goes before it.
  private mutating func stop(_ cue: Cue, before next: Stage) -> Cue? {
    stage = .over
    guard script.scenario.hasHalf else { return cue }
    var whole = self
    whole.fault = nil
    whole.isSingle = true
    whole.stage = next
    while let coming = whole.next() {
      guard case .write(let bytes, _) = coming.action else { continue }
      stage = .broken(cue)
      let half = bytes.getSlice(at: bytes.readerIndex, length: bytes.readableBytes / 2) ?? bytes
      return Cue(at: cue.at, action: .write(half))
    }
    return cue
  }
}
