import ArgumentParser
import FoundationEssentials
import Glibc

/// The program: flags, signals, the line that says where it listens.
@main
struct Simulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice-sim",
    abstract: "A model provider that is not there: OpenAI's chat completions over HTTP/1.1, with scripted faults.",
    discussion: """
      The model name of a request says how its answer goes: a plain name gets the
      defaults, or

        name;key=value;key=value…

        tokens=N    length of the text (60)
        rate=R      tokens a second (--rate); 0 is as fast as possible
        delay=MS    before the headers (0)
        first=MS    between the headers and the first token (0)
        text=KIND   prose (default), echo, nasty, nul
        seed=N      which text (1)
        history=1   the answer opens with "I see N messages."
        batch=N     tokens per write (1)
        split=N     bytes per TCP segment and HTTP chunk (whole writes)
        fault=KIND  status, stallheaders, reset, eof, cut, nodone, error,
                    stall, garbage
        after=K     tokens before the fault (5)
        status=NNN  for fault=status (500)

      EXAMPLES
        sluice-sim --listen 127.0.0.1:8081 --rate 20

        curl -N http://127.0.0.1:8081/v1/chat/completions -d '{
          "model": "demo;tokens=20;fault=reset;after=3", "stream": true,
          "messages": [{"role": "user", "content": "Hi"}]}'

      FOR TESTS
        GET /sim/requests[?model=…]  the last 1000 chat requests and how their
                                     answers ended; DELETE forgets them
        GET /sim/streams             how many answers are under way
        GET /sim/text?model=…        the whole text of a model name
      """)

  @Option(help: "The address to listen on; port 0 takes a free one.")
  var listen = Endpoint(host: "127.0.0.1", port: 0)

  @Option(help: "The only bearer key that is accepted; without it any is, also none.")
  var apiKey: String?

  @Option(help: "Tokens a second where the model name says nothing; 0 is as fast as possible.")
  var rate = 40.0

  @Option(help: "A file to write the port into once the server listens.")
  var portFile: String?

  @Option(help: "Event loops; one serves thousands of streams.")
  var threads = 1

  func validate() throws {
    guard (0...1_000_000).contains(rate) else { throw ValidationError("--rate must be between 0 and 1000000.") }
    guard (1...64).contains(threads) else { throw ValidationError("--threads must be between 1 and 64.") }
  }

  func run() async throws {
    Self.stopOnSignals()
    Self.raiseDescriptorLimit()
    let chat = ChatRoute(apiKey: apiKey, rate: rate, journal: Journal())
    let server = try await Server(listen, routes: Routes(chat: chat), threads: threads)
    if let portFile { try "\(server.port)\n".write(toFile: portFile, atomically: true, encoding: .utf8) }
    print("sluice-sim listening on \(listen.url(port: server.port))")
    fflush(nil)
    try await server.run()
  }

  /// At once: there is nothing to finish. Set explicitly because a shell's background job inherits SIGINT ignored.
  private static func stopOnSignals() {
    signal(SIGTERM) { _ in _exit(0) }
    signal(SIGINT) { _ in _exit(0) }
  }

  /// Each stream is a descriptor; the usual soft limit is 1024. Best effort: a refusal leaves the limit as it is.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
