import ArgumentParser
import EventLoop

/// `sluice-bench answers`
struct Answers: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answers that come as streams on the request itself, so many at a time.",
    discussion: """
      Their tokens are clock readings (the simulator's `text=clock`). Texts are members `content`, as OpenAI's servers \
      send them, or `text`, as Sluice does.
      """)

  @OptionGroup var target: Target
  @Option(help: "Path of the POST.") var path: String
  @Option(help: "Its body.") var body: String
  @Option(help: "Token for Authorization; several times: the streams are shared out among them.") var token: [String]
  @Option(help: "The member that has the text: content or text.") var member: AnswerLoad.Member
  @Option(help: "Streams.") var streams = 50
  @Option(help: "Streams begun per second.") var ramp = 25
  @Option(help: "Seconds from the last begin to the measurement.") var settle = 2.0
  @Option(help: "Seconds of measurement.") var measure = 8.0

  func run() async throws {
    let options = AnswerLoad.Options(
      port: target.port, member: member, streams: streams, ramp: ramp, settle: settle, measure: measure,
      requests: token.map { HTTPText.post(path, token: $0, body: body, fields: ["Accept: text/event-stream"]) },
      watched: target.watched)
    try await target.run { loop, done in
      let load = AnswerLoad(options, loop: loop, done: done)
      return { load.begin() }
    }
  }
}

/// Streams that answer a POST, each begun anew when it has ended: how late their text comes, and what it costs.
// Sendable is unchecked because everything is confined to the loop once the load has begun.
final class AnswerLoad: @unchecked Sendable {
  /// Where an event has its text.
  enum Member: String, CaseIterable, ExpressibleByArgument {
    case content, text

    var mark: StaticString {
      switch self {
      case .content: #""content":""#
      case .text: #"{"type":"text","text":""#
      }
    }
  }

  struct Options {
    var port: UInt16
    var member: Member
    var streams: Int
    /// Streams begun per second.
    var ramp: Int
    /// Seconds from the last begin to the measurement, and its length.
    var settle: Double
    var measure: Double
    /// The streams share them.
    var requests: [[UInt8]]
    var watched: [Watched]
  }

  /// One stream after the other.
  private final class Lane: StreamConnection.Client, TimerHandler {
    private unowned let load: AnswerLoad
    private let request: [UInt8]
    private lazy var connection = StreamConnection(loop: load.loop, port: load.options.port, client: self)
    private var asked = Instant.now()
    private var last: Instant?

    init(_ load: AnswerLoad, _ request: [UInt8]) {
      self.load = load
      self.request = request
    }

    func begin() {
      asked = .now()
      last = nil
      connection.send(request)
    }

    func close() { connection.close() }

    func received(_ messages: [EventText.Message], in bytes: UnsafeRawBufferPointer) {
      let now = Instant.now()
      for message in messages {
        guard let data = message.data else { continue }
        let body = UnsafeRawBufferPointer(rebasing: bytes[data])
        var place = 0
        while let text = PollReply.string(after: load.options.member.mark, in: body, from: &place) {
          if text.isEmpty { continue }
          if last == nil { load.took(now.nanoseconds - asked.nanoseconds) }
          load.read(body[text], now: now, last: last)
          last = now
        }
      }
    }

    func ended(_ failure: String?) {
      if let failure { load.troubled(failure) } else { load.finished() }
      // Not at once: a server that refuses would be asked for ever.
      _ = load.loop.schedule(at: .now().advanced(milliseconds: failure == nil ? 1 : 200), handler: self, token: 0)
    }

    func timerFired(_ token: Int) { begin() }
  }

  fileprivate let options: Options
  fileprivate let loop: EventLoop
  private let done: @Sendable (BenchResult) -> Void
  private var lanes: [Lane] = []
  private var result = BenchResult()
  /// From request to first text, from a token's writing to its arrival, and between two pieces of text, in milliseconds.
  private var firsts = Samples()
  private var latencies = Samples()
  private var gaps = Samples()
  private lazy var ramp = Ramp(loop: loop, count: options.streams, rate: options.ramp) {
    [unowned self] in
    beginLane()
  } done: {
    [unowned self] in
    measurement.begin(after: options.settle)
  }
  private lazy var measurement = Measurement(loop: loop, seconds: options.measure, watched: options.watched) {
    [unowned self] in finish($0)
  }
  private var tokens = 0
  private var whole = 0

  init(_ options: Options, loop: EventLoop, done: @escaping @Sendable (BenchResult) -> Void) {
    self.options = options
    self.loop = loop
    self.done = done
  }

  /// *Loop only.*
  func begin() { ramp.begin() }

  private func beginLane() {
    let lane = Lane(self, options.requests[lanes.count % options.requests.count])
    lanes.append(lane)
    lane.begin()
  }

  private func finish(_ numbers: [String: Double]) {
    result.numbers = numbers
    result.numbers["tokens"] = Double(tokens)
    result.numbers["whole"] = Double(whole)
    result.samples["first_ms"] = firsts.summary
    result.samples["latency_ms"] = latencies.summary
    result.samples["gap_ms"] = gaps.summary
    for lane in lanes { lane.close() }
    done(result)
  }

  // MARK: told by the lanes

  /// To the first text, in nanoseconds; of all streams, for most begin before the measurement.
  private func took(_ nanoseconds: UInt64) { firsts.add(Double(nanoseconds) / 1e6) }

  private func finished() { whole += 1 }
  private func troubled(_ reason: String) { result.troubles[reason, default: 0] += 1 }

  private func read(_ text: Slice<UnsafeRawBufferPointer>, now: Instant, last: Instant?) {
    guard measurement.isRunning else { return }
    if let last { gaps.add(Double(now.nanoseconds - last.nanoseconds) / 1e6) }
    ClockText.read(text) { sent in
      latencies.add((Double(now.nanoseconds) - Double(sent)) / 1e6)
      tokens += 1
    }
  }
}
