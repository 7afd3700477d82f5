import ArgumentParser
import EventLoop

/// `sluice-bench hub`
struct Hub: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Channels of a hub such as nchan: a publisher and a subscriber each, who waits for what comes next.",
    discussion: """
      Publishers POST clock readings to /publish/N; subscribers GET /subscribe/N and name the last message by \
      If-None-Match and If-Modified-Since.
      """)

  @OptionGroup var target: Target
  @Option(help: "Channels.") var channels = 100
  @Option(help: "Messages a second in each.") var rate = 20
  @Option(help: "Seconds before the measurement.") var settle = 3.0
  @Option(help: "Seconds of measurement.") var measure = 8.0

  func run() async throws {
    let options = HubLoad.Options(
      port: target.port, channels: channels, rate: rate, settle: settle, measure: measure, watched: target.watched)
    try await target.run { loop, done in
      let load = HubLoad(options, loop: loop, done: done)
      return { load.begin() }
    }
  }
}

/// Messages through a hub: how late its subscribers have them.
// Sendable is unchecked because everything is confined to the loop once the load has begun.
final class HubLoad: @unchecked Sendable {
  struct Options {
    var port: UInt16
    var channels: Int
    var rate: Int
    /// Seconds before the measurement, and its length.
    var settle: Double
    var measure: Double
    var watched: [Watched]
  }

  /// Says at its pace what time it is. What is not taken yet goes with the next message.
  private final class Publisher: HTTPConnection.Client, TimerHandler {
    private unowned let load: HubLoad
    private let path: String
    private lazy var connection = HTTPConnection(loop: load.loop, port: load.options.port, client: self)
    private var due = Instant.now()
    private var held = ""
    private var isSending = false

    init(_ load: HubLoad, channel: Int) {
      self.load = load
      path = "/publish/\(channel)"
    }

    /// The first message comes at this time.
    func begin(at time: Instant) {
      due = time
      _ = load.loop.schedule(at: due, handler: self, token: 0)
    }

    func timerFired(_ token: Int) {
      held += "\(Instant.now().nanoseconds) "
      if !isSending { send() }
      due = due.advanced(milliseconds: 1_000 / load.options.rate)
      _ = load.loop.schedule(at: due, handler: self, token: 0)
    }

    private func send() {
      isSending = true
      connection.send(HTTPText.post(path, token: nil, body: held))
      held = ""
    }

    func received(status: Int, body: UnsafeRawBufferPointer) {
      isSending = false
      if !(200..<300).contains(status) { load.troubled("publish: status \(status)") }
      if !held.isEmpty { send() }
    }

    func failed(_ reason: String) {
      isSending = false
      load.troubled("publish: \(reason)")
    }
  }

  /// Waits for one message after the other.
  private final class Subscriber: HTTPConnection.Client, TimerHandler {
    private unowned let load: HubLoad
    private let path: String
    private lazy var connection = HTTPConnection(
      loop: load.loop, port: load.options.port, client: self, keepsHead: true)
    private var place: [String] = []

    init(_ load: HubLoad, channel: Int) {
      self.load = load
      path = "/subscribe/\(channel)"
    }

    func wait() {
      let last = place.count == 2 ? ["If-None-Match: \(place[0])", "If-Modified-Since: \(place[1])"] : ["Accept: */*"]
      connection.send(HTTPText.get(path, fields: last))
    }

    func received(status: Int, body: UnsafeRawBufferPointer) {
      guard status == 200 else {
        load.troubled("subscribe: status \(status)")
        return pause()
      }
      load.read(body)
      place = [HTTPHead.field("etag:", in: connection.head), HTTPHead.field("last-modified:", in: connection.head)]
      wait()
    }

    func failed(_ reason: String) {
      load.troubled("subscribe: \(reason)")
      pause()
    }

    private func pause() { _ = load.loop.schedule(at: .now().advanced(milliseconds: 200), handler: self, token: 0) }

    func timerFired(_ token: Int) { wait() }
  }

  fileprivate let options: Options
  fileprivate let loop: EventLoop
  private let done: @Sendable (BenchResult) -> Void
  private var publishers: [Publisher] = []
  private var subscribers: [Subscriber] = []
  private var result = BenchResult()
  private var latencies = Samples()
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
    let now = Instant.now()
    for channel in 0..<options.channels {
      subscribers.append(Subscriber(self, channel: channel))
      subscribers[channel].wait()
      publishers.append(Publisher(self, channel: channel))
      // Not all at the same moments.
      publishers[channel].begin(
        at: now.advanced(milliseconds: 1_000 + channel * 1_000 / options.rate / options.channels))
    }
    measurement.begin(after: options.settle)
  }

  private func finish(_ numbers: [String: Double]) {
    result.numbers = numbers
    result.numbers["messages"] = Double(latencies.count)
    result.samples["latency_ms"] = latencies.summary
    done(result)
  }

  private func troubled(_ reason: String) { result.troubles[reason, default: 0] += 1 }

  private func read(_ body: UnsafeRawBufferPointer) {
    guard measurement.isRunning else { return }
    let now = Instant.now().nanoseconds
    ClockText.read(body[...]) { latencies.add((Double(now) - Double($0)) / 1e6) }
  }
}
