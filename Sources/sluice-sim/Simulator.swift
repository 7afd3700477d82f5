import ArgumentParser
import FoundationEssentials
import Glibc

/// The program: flags, signals, the line that says where it listens.
@main
struct Simulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice-sim",
    abstract: "Model providers that are not there: seven wire formats over HTTP/1.1, with scripted faults.",
    discussion: """
      The path of a request says whose format it speaks, under any prefix:

        POST …/chat/completions           OpenAI and who copies it
        POST …/deployments/{model}/chat/completions?api-version=…
                                          Azure; api-key or authorization
        POST …/responses                  OpenAI's responses
        POST …/messages                   Anthropic; x-api-key, anthropic-version
        POST …/api/chat                   Ollama; streams unless told not to
        POST …/model/{model}/converse-stream, and …/converse
                                          Bedrock; authorization: Bearer …, or
                                          AWS4-HMAC-SHA256 … and x-amz-date
        POST …/models/{model}:streamGenerateContent?alt=sse, and
             …/models/{model}:generateContent
                                          Gemini; x-goog-api-key

      The headers named are demanded, and but for the first two the content type
      application/json; a model in a path is percent-encoded. All formats know the
      same scenarios: the same request gets the same text at the same pace.

      The model name of a request says how its answer goes: a plain name gets the
      defaults, or

        name;key=value;key=value…

        tokens=N    length of the text (60)
        text=KIND   prose (default), echo, nasty, nul; fixed: the same eight bytes
                    again and again; clock: each token is the time it is sent,
                    CLOCK_MONOTONIC in nanoseconds (for streams
                    without gzip; not in responses and Bedrock)
        seed=N      which text (1)
        history=1   the answer opens with "I see N messages."
        images=1    and with "I see N images."
        reasoning=N tokens of reasoning before the text (0)
        cached=N    tokens of the prompt that stood in a cache (0; not in Ollama)
        tools=N     tools called behind the text (0), those of the request in turn,
                    or "gauge"; none if the request brings what tools returned
        line=BYTES  the text ends with one more token whose data line (in Bedrock:
                    frame) has so many bytes, its end not counted: 4096 to 67108864
        fill=KIND   with text (default), or with padding beside 2048 bytes of text

      Pace

        rate=R      tokens a second (--rate); 0 is as fast as possible
        delay=MS    before the headers (0)
        dribble=MS  the headers come byte by byte and take so long (0)
        gap=MS      between the status line and the other headers (0)
        first=MS    between the headers and the first token (0)
        beat=MS     a comment (Anthropic: a ping; Ollama and Bedrock: nothing)
                    whenever nothing else was sent for so long; with
                    fault=stall for ever (never)

      Form

        batch=N     tokens per write (1)
        split=N     bytes per TCP segment and HTTP chunk (whole writes)
        ends=KIND   line ends: lf (default; Gemini: crlf), crlf, cr, mixed
        space=0     no blank after "data:"
        comments=1  a comment before each event; these three for formats that
                    are server-sent events
        azure=1     Azure's results of its prompt filter first: choices are []
                    (OpenAI; Azure always)
        gzip=1      the body is gzip'd and flushed with each write

      Faults

        fault=KIND  status        another status than 200
                    stallheaders  the request is never answered
                    halfhead      the headers begin and never end
                    reset         a TCP reset
                    cut           the connection closes within the body
                    eof           the body ends without finish reason
                    nodone        the body ends without its end mark: [DONE],
                                  response.completed, message_stop, the line
                                  with done, metadata; Gemini has none
                    stall         nothing more is sent
                    error         an error object in the stream, which then ends
                    failure       the same, the provider's other way:
                                  response.failed, Bedrock's frame of an error
                                  instead of an exception, Gemini's JSON behind
                                  the events; elsewhere like error
                    garbage       a data line or a frame that is no JSON; goes on
                    gzip          a body said to be gzip'd breaks; goes on
        after=PLACE where reset, cut, eof, stall, error, failure, garbage and gzip
                    strike:
                    request  before any byte (only reset, cut and stall; the
                             others strike after the headers)
                    headers  after the headers
                    0        after the chunk with the role
                    K        after K tokens (5), those of reasoning and of
                             arguments of tools counted too
        half=1      half of the next event goes before reset, cut, eof and stall
        status=NNN  for fault=status (500), 200 to 599; a redirect leads to
                    /sim/redirected/. Also which error fault=error sends
        retry=WHEN  its Retry-After: none, seconds, or an HTTP-date so many
                    seconds from now, date+N or date-N (1 under 429 and 503)
        body=KIND   its body: json (default), html, empty, endless

      A request that asks for no stream gets the same in one piece; of what
      shapes a stream only gzip and split apply.

      EXAMPLES
        sluice-sim --listen 127.0.0.1:8081 --rate 20

        curl -N http://127.0.0.1:8081/v1/chat/completions -d '{
          "model": "demo;tokens=20;fault=reset;after=3", "stream": true,
          "messages": [{"role": "user", "content": "Hi"}]}'

      FOR TESTS
        GET /sim/requests[?model=…]  the last 1000 chat requests and how their
                                     answers ended; DELETE forgets them. format
                                     is openai, azure, responses, anthropic,
                                     ollama, bedrock or gemini; port and
                                     connection tell where one came in, followed
                                     how often its redirect was taken
        GET /sim/streams[?model=…]   how many answers are under way, and the most
                                     there were at once; DELETE forgets the most
        GET /sim/text?model=…        the whole text of a model name
      """)

  @Option(help: "The address to listen on; port 0 takes a free one.")
  var listen = Endpoint(host: "127.0.0.1", port: 0)

  @Option(help: "A further address to listen on, for TLS; may be given several times, each with its own files.")
  var tlsListen: [Endpoint] = []

  @Option(help: ArgumentHelp("Its certificate and those that signed it, PEM.", valueName: "file"))
  var tlsCertificate: [String] = []

  @Option(help: ArgumentHelp("Its private key, PEM.", valueName: "file"))
  var tlsKey: [String] = []

  @Option(
    help: ArgumentHelp(
      "Demands client certificates of these authorities, PEM; \"none\" where another TLS address has one and this has not.",
      valueName: "file"))
  var tlsClientCa: [String] = []

  @Option(
    help:
      "The only key that is accepted, of a signature the access key; without it any, or none where none is demanded."
  )
  var apiKey: String?

  @Option(help: "Tokens a second where the model name says nothing; 0 is as fast as possible.")
  var rate = 40.0

  @Option(help: "A file to write the ports into once the server listens, a line each, in the order of the options.")
  var portFile: String?

  @Option(help: "Event loops; one serves thousands of streams.")
  var threads = 1

  func validate() throws {
    guard (0...1_000_000).contains(rate) else { throw ValidationError("--rate must be between 0 and 1000000.") }
    guard (1...64).contains(threads) else { throw ValidationError("--threads must be between 1 and 64.") }
    _ = try tlsListeners()
  }

  func run() async throws {
    Self.stopOnSignals()
    Self.raiseDescriptorLimit()
    let chat = ChatRoute(apiKey: apiKey, rate: rate, journal: Journal())
    var server = Server(routes: Routes(chat: chat), threads: threads)
    var ports = [try await server.listen(listen)]
    var urls = [listen.url(port: ports[0])]
    for listener in try tlsListeners() {
      let port = try await server.listen(listener.endpoint, tls: try listener.context())
      ports.append(port)
      urls.append(listener.endpoint.url(port: port, scheme: "https"))
    }
    if let portFile {
      try ports.map { "\($0)\n" }.joined().write(toFile: portFile, atomically: true, encoding: .utf8)
    }
    for url in urls { print("sluice-sim listening on \(url)") }
    fflush(nil)
    try await server.run()
  }

  private func tlsListeners() throws -> [TLSListener] {
    do {
      return try TLSListener.pair(tlsListen, certificates: tlsCertificate, keys: tlsKey, clientCAs: tlsClientCa)
    } catch {
      throw ValidationError(
        "Each --tls-listen needs its --tls-certificate and its --tls-key, and --tls-client-ca too if any has it.")
    }
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
