import ArgumentParser
import EventLoop
import FoundationEssentials
import Glibc

/// The load generator behind `make bench`: each subcommand is one kind of load, its findings one JSON object.
@main
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice-bench",
    abstract: "Puts load on a Sluice behind nginx on this machine and measures.",
    discussion: "`make bench` starts all that is needed, runs every load and prints the figures with their references.",
    subcommands: [Requests.self, Starts.self, Parked.self, Turns.self, Answers.self, Hub.self, Crowd.self, Paced.self])
}

/// What all loads need to know.
struct Target: ParsableArguments {
  @Option(help: "Port on 127.0.0.1.") var port: UInt16
  @Option(help: "Process to watch with its children, as name=pid; several times.") var watch: [String] = []

  /// And this program itself: it takes CPU from the others.
  var watched: [Watched] { (watch + ["bench=\(getpid())"]).compactMap { Watched($0) } }

  /// Runs a load on a loop of its own until it is done.
  func run(_ load: (EventLoop, @escaping @Sendable (BenchResult) -> Void) -> @Sendable () -> Void) async throws {
    let loop = try EventLoop(name: "bench")
    loop.start()
    let finished = AsyncStream.makeStream(of: BenchResult.self)
    let begin = load(loop) { result in
      finished.continuation.yield(result)
      finished.continuation.finish()
    }
    loop.submit(begin)
    for await result in finished.stream { try result.print() }
    loop.stop()
    loop.join()
  }
}

/// `sluice-bench requests`
struct Requests: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The same GETs again and again.",
    discussion: """
      The file holds lines of `path` or `path token`. A connection takes the lines with its own number, modulo their \
      count divided by --group, and goes round in them.
      """)

  @OptionGroup var target: Target
  @Option(help: "File of requests.") var file: String
  @Option(help: "Lines of one connection.") var group = 1
  @Option(help: "Connections.") var connections = 64
  @Option(help: "Seconds before the measurement.") var settle = 1.0
  @Option(help: "Seconds of measurement.") var measure = 4.0

  func run() async throws {
    let lines = try RequestLine.read(file).map(\.http)
    let requests = stride(from: 0, to: lines.count, by: group).map { Array(lines[$0..<min($0 + group, lines.count)]) }
    let options = RequestLoad.Options(
      port: target.port, connections: connections, settle: settle, measure: measure, requests: requests,
      expectedStatus: 200, watched: target.watched)
    try await target.run { loop, done in
      let load = RequestLoad(options, loop: loop, done: done)
      return { load.begin() }
    }
  }
}

/// `sluice-bench starts`
struct Starts: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Chat starts, each sent when the former is answered.")

  @OptionGroup var target: Target
  @Option(help: "Session token.") var token: String
  @Option(help: "Virtual model.") var model: String
  @Option(help: "Connections.") var connections = 32
  @Option(help: "Seconds before the measurement.") var settle = 1.0
  @Option(help: "Seconds of measurement.") var measure = 4.0

  func run() async throws {
    let request = HTTPText.post(
      "/chat/start", token: token, body: #"{"model":"\#(model)","message":"go","stream":{"modes":["poll"]}}"#)
    let options = RequestLoad.Options(
      port: target.port, connections: connections, settle: settle, measure: measure, requests: [[request]],
      expectedStatus: 202, watched: target.watched)
    try await target.run { loop, done in
      let load = RequestLoad(options, loop: loop, done: done)
      return { load.begin() }
    }
  }
}

/// `sluice-bench parked`
struct Parked: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Polls that wait: memory each.")

  @OptionGroup var target: Target
  @Option(help: "File of `path token` lines.") var file: String
  @Option(help: "Connections.") var connections = 10_000
  @Option(help: "Seconds for the last of them to arrive.") var settle = 3.0

  func run() async throws {
    let requests = try RequestLine.read(file).map(\.http)
    let options = ParkedLoad.Options(
      port: target.port, connections: connections, settle: settle, requests: requests, watched: target.watched)
    try await target.run { loop, done in
      let load = ParkedLoad(options, loop: loop, done: done)
      return { load.begin() }
    }
  }
}

/// `sluice-bench turns`
struct Turns: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Many turns at a time, one reader each.",
    discussion: """
      Without --expected the tokens are clock readings (the simulator's `text=clock`) and tell how late the text comes; \
      with it every byte is compared.
      """)

  @OptionGroup var target: Target
  @Option(help: "Session token; several times: the turns are shared out among them.") var token: [String]
  @Option(help: "Virtual model.") var model: String
  @Option(help: "Port where the turns are read; without it that where they are started.") var readPort: UInt16?
  @Option(help: "How turns are read: polls or events; several times: by turns.") var form: [ReaderForm] = [.polls]
  @Option(help: "Turns.") var turns = 500
  @Option(help: "Turns begun per second.") var ramp = 250
  @Option(help: "Seconds from the last start to the measurement.") var settle = 2.0
  @Option(help: "Seconds of measurement.") var measure = 8.0
  @Option(help: "File with the whole text of a turn, escaped as in JSON.") var expected: String?
  @Flag(help: "Wait for every turn's end.") var untilEnd = false

  func run() async throws {
    let options = TurnLoad.Options(
      port: target.port, readPort: readPort ?? target.port, tokens: token, forms: form, model: model, turns: turns,
      ramp: ramp, settle: settle, measure: measure,
      expected: try expected.map { Array(try Data(contentsOf: URL(filePath: $0))) }, watched: target.watched,
      untilEnd: untilEnd)
    try await target.run { loop, done in
      let load = TurnLoad(options, loop: loop, done: done)
      return { load.begin() }
    }
  }
}
