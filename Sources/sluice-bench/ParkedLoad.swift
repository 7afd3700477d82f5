import EventLoop

/// Requests that are not to be answered for a while: what a waiting one costs in memory.
// Sendable is unchecked because everything is confined to the loop once the load has begun.
final class ParkedLoad: TimerHandler, @unchecked Sendable {
  struct Options {
    var port: UInt16
    var connections: Int
    /// Seconds for all of them to arrive.
    var settle: Double
    var requests: [[UInt8]]
    var watched: [Watched]
  }

  private final class Lane: HTTPConnection.Client {
    private unowned let load: ParkedLoad
    private lazy var connection = HTTPConnection(loop: load.loop, port: load.options.port, client: self)

    init(_ load: ParkedLoad) { self.load = load }

    func send(_ request: [UInt8]) { connection.send(request) }
    func close() { connection.close() }
    func received(status: Int, body: UnsafeRawBufferPointer) { load.answered("status \(status)") }
    func failed(_ reason: String) { load.answered(reason) }
  }

  fileprivate let options: Options
  fileprivate let loop: EventLoop
  private let done: @Sendable (BenchResult) -> Void
  private var lanes: [Lane] = []
  private var result = BenchResult()
  private var before: [Int] = []
  private var proportionalBefore: [Int] = []

  init(_ options: Options, loop: EventLoop, done: @escaping @Sendable (BenchResult) -> Void) {
    self.options = options
    self.loop = loop
    self.done = done
  }

  /// *Loop only.* In portions, so that no listening queue overflows.
  func begin() {
    before = options.watched.map(\.resident)
    proportionalBefore = options.watched.map(\.proportional)
    timerFired(0)
  }

  func timerFired(_ token: Int) {
    if token == 1 { return finish() }
    for _ in 0..<min(500, options.connections - lanes.count) {
      let lane = Lane(self)
      lane.send(options.requests[lanes.count % options.requests.count])
      lanes.append(lane)
    }
    let isLast = lanes.count == options.connections
    _ = loop.schedule(
      at: .now().advanced(milliseconds: isLast ? Int(options.settle * 1_000) : 100), handler: self,
      token: isLast ? 1 : 0)
  }

  private func finish() {
    result.numbers["parked"] = Double(options.connections - result.failures.values.reduce(0, +))
    for (index, watched) in options.watched.enumerated() {
      result.numbers["grown_\(watched.name)"] = Double(watched.resident - before[index])
      result.numbers["proportional_\(watched.name)"] = Double(watched.proportional - proportionalBefore[index])
    }
    for lane in lanes { lane.close() }
    done(result)
  }

  fileprivate func answered(_ what: String) { result.failures[what, default: 0] += 1 }
}
