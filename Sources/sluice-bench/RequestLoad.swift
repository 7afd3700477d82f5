import EventLoop

/// The same requests again and again over many connections, each sent when the former is answered.
// Sendable is unchecked because everything is confined to the loop once the load has begun.
final class RequestLoad: @unchecked Sendable {
  struct Options {
    var port: UInt16
    var connections: Int
    /// Seconds before the measurement, and its length.
    var settle: Double
    var measure: Double
    /// Each connection takes a list of its own and goes round in it.
    var requests: [[[UInt8]]]
    var expectedStatus: Int
    var watched: [Watched]
  }

  /// One connection of the load.
  private final class Lane: HTTPConnection.Client {
    private unowned let load: RequestLoad
    private let requests: [[UInt8]]
    private var next = 0
    private lazy var connection = HTTPConnection(loop: load.loop, port: load.options.port, client: self)

    init(_ load: RequestLoad, _ requests: [[UInt8]]) {
      self.load = load
      self.requests = requests
    }

    func send() {
      guard !load.isOver else { return connection.close() }
      let request = requests[next]
      next = next + 1 == requests.count ? 0 : next + 1
      connection.send(request)
    }

    func received(status: Int, body: UnsafeRawBufferPointer) {
      load.answered(status, body)
      send()
    }

    func failed(_ reason: String) {
      load.failed(reason)
      // Once: a server that refuses connections would be asked for ever.
    }
  }

  fileprivate let options: Options
  fileprivate let loop: EventLoop
  fileprivate var isOver = false
  private let done: @Sendable (BenchResult) -> Void
  private var lanes: [Lane] = []
  private var result = BenchResult()
  private lazy var measurement = Measurement(loop: loop, seconds: options.measure, watched: options.watched) {
    [unowned self] in finish($0)
  }
  private var answers = 0
  private var bytes = 0

  init(_ options: Options, loop: EventLoop, done: @escaping @Sendable (BenchResult) -> Void) {
    self.options = options
    self.loop = loop
    self.done = done
  }

  /// *Loop only.*
  func begin() {
    for index in 0..<options.connections {
      let lane = Lane(self, options.requests[index % options.requests.count])
      lanes.append(lane)
      lane.send()
    }
    measurement.begin(after: options.settle)
  }

  private func finish(_ numbers: [String: Double]) {
    isOver = true
    result.numbers = numbers
    result.numbers["answers"] = Double(answers)
    result.numbers["body_bytes"] = answers == 0 ? 0 : Double(bytes) / Double(answers)
    done(result)
  }

  fileprivate func answered(_ status: Int, _ body: UnsafeRawBufferPointer) {
    if status != options.expectedStatus {
      result.failures["status \(status): \(String(decoding: body.prefix(120), as: UTF8.self))", default: 0] += 1
    } else if measurement.isRunning {
      answers += 1
      bytes += body.count
    }
  }

  fileprivate func failed(_ reason: String) { result.failures[reason, default: 0] += 1 }
}
