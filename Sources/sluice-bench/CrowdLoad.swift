import ArgumentParser
import EventLoop

/// `sluice-bench crowd`
struct Crowd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Streams and waiting polls straight at a node's socket: memory each.",
    discussion: """
      The files hold lines of `path token`. Prints what it found when all are there, and a second time, with what became \
      of them, once standard input ends.
      """)

  @OptionGroup var target: Target
  @Option(help: "The node's unix socket.") var socket: String
  @Option(help: "File of streams, one a line.") var streams: String
  @Option(help: "File of streams of which nothing is read.") var deaf: String
  @Option(help: "File of polls, to be gone round in.") var polls: String
  @Option(help: "Polls that wait.") var parked = 10_000
  @Option(help: "Seconds for the last of a kind to arrive.") var settle = 3.0

  func run() async throws {
    let polls = try RequestLine.read(polls)
    let options = CrowdLoad.Options(
      address: .path(socket), settle: settle, watched: target.watched,
      requests: [
        .streams: try RequestLine.read(streams).map(Self.request),
        .deaf: try RequestLine.read(deaf).map(Self.request),
        .polls: (0..<parked).map { Self.request(polls[$0 % polls.count]) },
      ])
    try await target.run { loop, done in
      let load = CrowdLoad(options, loop: loop, arrived: { try? $0.print() }, done: done)
      Task.detached {
        while readLine() != nil {}
        loop.submit { load.finish() }
      }
      return { load.begin() }
    }
  }

  private static func request(_ line: RequestLine) -> [UInt8] { FastCGIText.get(line.path, token: line.token) }
}

/// Many that wait, kind after kind: what each costs in memory.
// Sendable is unchecked because everything is confined to the loop once the load has begun.
final class CrowdLoad: TimerHandler, @unchecked Sendable {
  /// In the order in which they come.
  enum Kind: String, CaseIterable {
    case streams, polls, deaf
  }

  struct Options {
    var address: Link.Address
    /// Seconds for all of a kind to arrive.
    var settle: Double
    var watched: [Watched]
    var requests: [Kind: [[UInt8]]]
  }

  /// One that waits; a poll that was answered without news waits again.
  private final class Lane: Link.Client, TimerHandler {
    private unowned let load: CrowdLoad
    private let kind: Kind
    private let request: [UInt8]
    private lazy var link = Link(loop: load.loop, to: load.options.address, client: self, isDeaf: kind == .deaf)
    private var answer = FastCGIAnswer()
    private var hasBegun = false

    init(_ load: CrowdLoad, _ kind: Kind, _ request: [UInt8]) {
      self.load = load
      self.kind = kind
      self.request = request
    }

    func send() {
      answer = FastCGIAnswer()
      link.send(request)
    }

    func close() { link.close() }

    func arrived(_ bytes: UnsafeRawBufferPointer) {
      answer.take(bytes)
      if kind == .streams, !hasBegun {
        hasBegun = true
        load.count("\(kind.rawValue): begun, status \(answer.status)")
      }
      guard answer.isOver else { return }
      load.count("\(kind.rawValue): over, status \(answer.status)")
      send()
    }

    func lost(_ reason: String) {
      load.count("\(kind.rawValue): \(reason)")
      if kind != .deaf { _ = load.loop.schedule(at: .now().advanced(milliseconds: 200), handler: self, token: 0) }
    }

    func timerFired(_ token: Int) { send() }
  }

  private enum Mark: Int { case portion, next }

  fileprivate let options: Options
  fileprivate let loop: EventLoop
  private let arrived: @Sendable (BenchResult) -> Void
  private let done: @Sendable (BenchResult) -> Void
  private var lanes: [Lane] = []
  private var kinds = Kind.allCases[...]
  /// How many of the present kind are there.
  private var count = 0
  private var result = BenchResult()
  private var before: [Int] = []

  /// `arrived`: told what was found when all are there.
  init(
    _ options: Options, loop: EventLoop, arrived: @escaping @Sendable (BenchResult) -> Void,
    done: @escaping @Sendable (BenchResult) -> Void
  ) {
    self.options = options
    self.loop = loop
    self.arrived = arrived
    self.done = done
  }

  /// *Loop only.*
  func begin() {
    before = options.watched.map(\.resident)
    timerFired(Mark.portion.rawValue)
  }

  func timerFired(_ token: Int) {
    guard let kind = kinds.first else { return }
    if token == Mark.next.rawValue { return finish(kind) }
    // In portions, so that no listening queue overflows.
    let requests = options.requests[kind, default: []]
    for request in requests[count..<min(count + 250, requests.count)] {
      let lane = Lane(self, kind, request)
      lanes.append(lane)
      lane.send()
      count += 1
    }
    let isLast = count == requests.count
    // It takes a while until their sockets are full.
    let settle = kind == .deaf ? options.settle * 4 : options.settle
    _ = loop.schedule(
      at: .now().advanced(milliseconds: isLast ? Int(settle * 1_000) : 50), handler: self,
      token: isLast ? Mark.next.rawValue : Mark.portion.rawValue)
  }

  private func finish(_ kind: Kind) {
    let after = options.watched.map(\.resident)
    for (index, watched) in options.watched.enumerated() {
      result.numbers["grown_\(kind.rawValue)_\(watched.name)"] = Double(after[index] - before[index])
    }
    result.numbers[kind.rawValue] = Double(count)
    (before, count) = (after, 0)
    kinds = kinds.dropFirst()
    if kinds.isEmpty { arrived(result) } else { timerFired(Mark.portion.rawValue) }
  }

  /// *Loop only.* All go.
  func finish() {
    for lane in lanes { lane.close() }
    done(result)
  }

  fileprivate func count(_ what: String) { result.troubles[what, default: 0] += 1 }
}
