import ArgumentParser
import EventLoop
import FoundationEssentials

/// In which form a turn's reader takes what is new.
enum ReaderForm: String, CaseIterable, ExpressibleByArgument {
  case polls, events

  /// Its place in what is kept by form.
  var index: Int { self == .polls ? 0 : 1 }
  /// What the names of its samples begin with.
  var prefix: String { self == .polls ? "" : "events_" }
}

/// One turn and the client that reads it.
protocol TurnReader: AnyObject {
  func begin()
}

/// Many turns at a time, one reader each: what they cost, how late their text comes, and whether all of it does.
// Sendable is unchecked because everything is confined to the loop once the load has begun.
final class TurnLoad: @unchecked Sendable {
  struct Options {
    var port: UInt16
    /// Where turns are read.
    var readPort: UInt16
    /// Of sessions, which share the turns.
    var tokens: [String]
    /// What the readers are, in turn.
    var forms: [ReaderForm]
    var model: String
    var turns: Int
    /// Turns begun per second.
    var ramp: Int
    /// Seconds from the last start to the measurement, and its length.
    var settle: Double
    var measure: Double
    /// The whole text of every turn; nil: tokens are clock readings of the simulator.
    var expected: [UInt8]?
    var watched: [Watched]
    /// Whether to wait for the turns' ends; else the program leaves after the measurement.
    var untilEnd: Bool
  }

  let options: Options
  private let loop: EventLoop
  private let done: @Sendable (BenchResult) -> Void
  private var readers: [any TurnReader] = []
  private var result = BenchResult()
  /// By the reader's form.
  private var latencies = [Samples](repeating: Samples(), count: ReaderForm.allCases.count)
  private var firsts = [Samples](repeating: Samples(), count: ReaderForm.allCases.count)
  private lazy var ramp = Ramp(loop: loop, count: options.turns, rate: options.ramp) {
    [unowned self] in
    beginReader()
  } done: {
    [unowned self] in
    measurement.begin(after: options.settle)
  }
  private lazy var measurement = Measurement(loop: loop, seconds: options.measure, watched: options.watched) {
    [unowned self] in finish($0)
  }
  private var tokens = 0
  /// Of text.
  private var bytes = 0
  /// Replies to polls, and messages of streams.
  private var polls = 0
  private var messages = 0
  private var ended = 0
  private var measured = false

  init(_ options: Options, loop: EventLoop, done: @escaping @Sendable (BenchResult) -> Void) {
    self.options = options
    self.loop = loop
    self.done = done
  }

  /// *Loop only.*
  func begin() { ramp.begin() }

  private func beginReader() {
    let start = HTTPText.post(
      "/chat/start", token: options.tokens[readers.count % options.tokens.count],
      body: #"{"model":"\#(options.model)","message":"go","stream":{"modes":["poll"]}}"#)
    let reader: any TurnReader =
      switch options.forms[readers.count % options.forms.count] {
      case .polls: Reader(loop: loop, load: self, start: start)
      case .events: EventReader(loop: loop, load: self, start: start)
      }
    readers.append(reader)
    reader.begin()
  }

  private func finish(_ numbers: [String: Double]) {
    result.numbers = numbers
    result.numbers["tokens"] = Double(tokens)
    result.numbers["text_bytes"] = Double(bytes)
    result.numbers["polls"] = Double(polls)
    result.numbers["live"] = Double(readers.count - ended)
    result.numbers["messages"] = Double(messages)
    for form in options.forms {
      result.samples[form.prefix + "latency_ms"] = latencies[form.index].summary
      result.samples[form.prefix + "first_ms"] = firsts[form.index].summary
    }
    measured = true
    leaveIfDone()
  }

  private func leaveIfDone() {
    guard measured, !options.untilEnd || ended == options.turns else { return }
    result.numbers["ended"] = Double(ended)
    result.numbers["failures"] = Double(result.failures.values.reduce(0, +))
    done(result)
  }

  // MARK: told by the readers

  func polled() { if measurement.isRunning { polls += 1 } }
  func told() { if measurement.isRunning { messages += 1 } }
  func troubled(_ reason: String) { result.troubles[reason, default: 0] += 1 }

  func ended(_ failure: String?) {
    ended += 1
    if let failure { result.failures[failure, default: 0] += 1 }
    leaveIfDone()
  }

  /// One event's text. False if it is not what was sent.
  func check(
    _ text: Slice<UnsafeRawBufferPointer>, by form: ReaderForm, now: UInt64, matched: inout Int, isFirst: Bool
  ) -> Bool {
    if measurement.isRunning { bytes += text.count }
    if let expected = options.expected {
      guard matched + text.count <= expected.count, expected[matched..<(matched + text.count)].elementsEqual(text)
      else { return false }
      if measurement.isRunning { tokens += 1 }
    } else {
      // Tokens that were sealed together are one event.
      var isFirst = isFirst
      let isClock = ClockText.read(text) { sent in
        let milliseconds = (Double(now) - Double(sent)) / 1e6
        if isFirst { firsts[form.index].add(milliseconds) }
        isFirst = false
        guard measurement.isRunning else { return }
        latencies[form.index].add(milliseconds)
        tokens += 1
      }
      guard isClock else { return false }
    }
    matched += text.count
    return true
  }

  func isWhole(_ matched: Int) -> Bool { options.expected.map { $0.count == matched } ?? (matched > 0) }
}
