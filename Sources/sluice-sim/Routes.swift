import NIOCore
import NIOHTTP1

/// What is done for one request.
struct Answer {
  var cues: any IteratorProtocol<Cue>
  /// How the head comes.
  var pace = HeadPace()
  /// Only for requests for an answer.
  var exchange: Exchange?
  /// Those of the provider.
  var headers: [Header]

  init(
    cues: any IteratorProtocol<Cue>, pace: HeadPace = HeadPace(), exchange: Exchange? = nil,
    headers: [Header] = [Header("openai-version", "2020-10-01")]
  ) {
    self.cues = cues
    self.pace = pace
    self.exchange = exchange
    self.headers = headers
  }

  init(_ cues: [Cue]) { self.init(cues: cues.makeIterator()) }

  init(json: String) { self.init(Cue.whole(ByteBuffer(string: json))) }
}

/// All routes: the providers' under any prefix, the tests' own under `/sim`.
struct Routes: Sendable {
  let chat: ChatRoute

  func answer(_ head: HTTPRequestHead, body: ByteBuffer, peer: Peer) -> Answer {
    let target = Target(head.uri)
    let model = target.value(of: "model")
    switch (head.method, target.path) {
    case (.GET, "/sim/requests"): return Answer(json: chat.journal.json(model: model))
    case (.DELETE, "/sim/requests"):
      chat.journal.clear()
      return Answer(json: "[]\n")
    case (.GET, "/sim/streams"):
      let streams = chat.journal.streams(model: model)
      return Answer(json: "{\"open\":\(streams.open),\"max\":\(streams.max)}\n")
    case (.DELETE, "/sim/streams"):
      chat.journal.clearStreams()
      return Answer(json: "{}\n")
    case (_, let path) where path.hasPrefix(Script.redirected):
      _ = chat.journal.follow(id: String(path.dropFirst(Script.redirected.count)))
      return Answer(json: "{}\n")
    case (.GET, "/sim/text"): return text(model: model)
    case (.GET, let path) where path.hasSuffix("/models"): return models(head.headers)
    case (.POST, _):
      if let dialect = target.dialect { return chat.answer(dialect, head.headers, body: body, peer: peer) }
      fallthrough
    default: return refuse(head, .unknownURL(head.method.rawValue, target.path))
    }
  }

  /// An answer without a look at the body; in OpenAI's form where the URL is no other provider's.
  func refuse(_ head: HTTPRequestHead, _ refusal: Refusal) -> Answer {
    Answer((Target(head.uri).dialect ?? OpenAIChat()).refuse(refusal))
  }

  /// The whole text that a complete run of `model` sends.
  private func text(model: String?) -> Answer {
    do {
      let scenario = try Scenario(model: model ?? "", rate: chat.rate)
      guard scenario.text != .echo, scenario.text != .clock, !scenario.history, !scenario.images else {
        return Answer(
          OpenAIChat().refuse(
            Refusal(status: 400, message: "This text is not known before the request.", param: "model")))
      }
      let text = AnswerText(scenario, request: nil, limit: nil)
      let body = ByteBuffer(string: text.joined(first: text.count))
      let line = scenario.line.map { LongLine(size: $0, fill: scenario.fill) }
      let head = Cue.Head(
        contentType: "text/plain; charset=utf-8", length: body.readableBytes + (line?.count ?? 0))
      var before = [Cue(at: .zero, action: .head(head)), Cue(at: .zero, action: .write(body))].makeIterator()
      var pieces = line
      var after = [Cue(at: .zero, action: .end(.completed))].makeIterator()
      return Answer(
        cues: AnyIterator {
          before.next() ?? pieces?.next().map { Cue(at: .zero, action: .write($0)) } ?? after.next()
        })
    } catch {
      return Answer(OpenAIChat().refuse(Refusal(malformed: error)))
    }
  }

  private func models(_ headers: HTTPHeaders) -> Answer {
    do throws(Refusal) {
      try OpenAIChat().admit(headers, key: chat.apiKey)
      return Answer(
        json: """
          {
            "object": "list",
            "data": [
              {
                "id": "sim",
                "object": "model",
                "created": 1755000000,
                "owned_by": "sluice-sim"
              }
            ]
          }

          """)
    } catch {
      return Answer(OpenAIChat().refuse(error))
    }
  }
}
