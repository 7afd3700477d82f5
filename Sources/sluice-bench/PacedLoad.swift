import ArgumentParser
import EventLoop

/// `sluice-bench paced`
struct Paced: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Readers that poll again and again, as fast as they are told.",
    discussion: "The file holds lines of `path token`, one for each reader.")

  @OptionGroup var target: Target
  @Option(help: "File of requests.") var file: String
  @Option(help: "Readers; at most the lines of the file.") var readers: Int
  @Option(help: "Seconds over which they begin.") var ramp = 2.0
  @Option(help: "Seconds from then to the measurement.") var settle = 3.0
  @Option(help: "Seconds of measurement.") var measure = 8.0

  func run() async throws {
    let options = PacedLoad.Options(
      port: target.port, ramp: ramp, settle: settle, measure: measure,
      requests: try RequestLine.read(file).prefix(readers).map(\.http), watched: target.watched)
    try await target.run { loop, done in
      let load = PacedLoad(options, loop: loop, done: done)
      return { load.begin() }
    }
  }
}

/// Readers that keep to what `poll_after_ms` says: how many polls are answered, how soon, and at which pace.
// Sendable is unchecked because everything is confined to the loop once the load has begun.
final class PacedLoad: @unchecked Sendable {
  struct Options {
    var port: UInt16
    /// Seconds over which the readers begin, from then to the measurement, and its length.
    var ramp: Double
    var settle: Double
    var measure: Double
    /// One for each reader.
    var requests: [[UInt8]]
    var watched: [Watched]
  }

  private final class Lane: HTTPConnection.Client, TimerHandler {
    private unowned let load: PacedLoad
    private let request: [UInt8]
    private lazy var connection = HTTPConnection(loop: load.loop, port: load.options.port, client: self)
    private var asked = Instant.now()

    init(_ load: PacedLoad, _ request: [UInt8]) {
      self.load = load
      self.request = request
    }

    func timerFired(_ token: Int) {
      asked = .now()
      connection.send(request)
    }

    func received(status: Int, body: UnsafeRawBufferPointer) {
      let pace = PollReply.number(after: #""poll_after_ms":"#, in: body)
      load.answered(status, after: asked, pace: pace)
      pause(pace ?? 200)
    }

    func failed(_ reason: String) {
      load.failed(reason)
      pause(200)
    }

    func pause(_ milliseconds: Int) {
      _ = load.loop.schedule(at: .now().advanced(milliseconds: milliseconds), handler: self, token: 0)
    }
  }

  fileprivate let options: Options
  fileprivate let loop: EventLoop
  private let done: @Sendable (BenchResult) -> Void
  private var lanes: [Lane] = []
  private var result = BenchResult()
  /// From a request to its answer, and from an answer to the next request, in milliseconds.
  private var latencies = Samples()
  private var paces = Samples()
  private lazy var measurement = Measurement(loop: loop, seconds: options.measure, watched: options.watched) {
    [unowned self] in finish($0)
  }

  init(_ options: Options, loop: EventLoop, done: @escaping @Sendable (BenchResult) -> Void) {
    self.options = options
    self.loop = loop
    self.done = done
  }

  /// *Loop only.*
  func begin() {
    for (index, request) in options.requests.enumerated() {
      lanes.append(Lane(self, request))
      lanes[index].pause(Int(options.ramp * 1_000) * index / options.requests.count)
    }
    measurement.begin(after: options.ramp + options.settle)
  }

  private func finish(_ numbers: [String: Double]) {
    result.numbers = numbers
    result.numbers["answers"] = Double(latencies.count)
    result.samples["latency_ms"] = latencies.summary
    result.samples["pace_ms"] = paces.summary
    done(result)
  }

  /// A reader bears to be told to slow down, and nothing else.
  private func answered(_ status: Int, after asked: Instant, pace: Int?) {
    guard measurement.isRunning else { return }
    switch status {
    case 200:
      latencies.add(Double(Instant.now().nanoseconds - asked.nanoseconds) / 1e6)
      paces.add(Double(pace ?? 0))
    case 429: result.troubles["status 429", default: 0] += 1
    default: result.failures["status \(status)", default: 0] += 1
    }
  }

  private func failed(_ reason: String) { result.failures[reason, default: 0] += 1 }
}
