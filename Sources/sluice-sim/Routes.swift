import NIOCore
import NIOHTTP1

/// What is done for one request.
struct Answer {
  var cues: any IteratorProtocol<Cue>
  /// How the head comes.
  var pace = HeadPace()
  /// Only for chat requests.
  var exchange: Exchange?

  init(cues: any IteratorProtocol<Cue>, pace: HeadPace = HeadPace(), exchange: Exchange? = nil) {
    self.cues = cues
    self.pace = pace
    self.exchange = exchange
  }

  init(_ cues: [Cue]) { self.init(cues: cues.makeIterator()) }

  init(json: String) { self.init(Cue.whole(ByteBuffer(string: json))) }
}

/// All routes: the provider's under any prefix, the tests' own under `/sim`.
struct Routes: Sendable {
  let chat: ChatRoute

  func answer(_ head: HTTPRequestHead, body: ByteBuffer, peer: Peer) -> Answer {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = String(parts[0])
    let model = parts.count > 1 ? Self.model(inQuery: parts[1]) : nil
    let authorization = head.headers.first(name: "authorization")
    switch (head.method, path) {
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
    case (.POST, let path) where path.hasSuffix("/chat/completions"):
      return chat.answer(authorization: authorization, body: body, peer: peer)
    case (.GET, let path) where path.hasSuffix("/models"): return models(authorization)
    default: return Answer(Cue.refusing(.unknownURL(head.method.rawValue, path)))
    }
  }

  /// The whole text that a complete run of `model` sends.
  private func text(model: String?) -> Answer {
    do {
      let scenario = try Scenario(model: model ?? "", rate: chat.rate)
      guard scenario.text != .echo, scenario.text != .clock, !scenario.history, !scenario.images else {
        return Answer(
          Cue.refusing(Refusal(status: 400, message: "This text is not known before the request.", param: "model")))
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
      return Answer(Cue.refusing(Refusal(malformed: error)))
    }
  }

  private func models(_ authorization: String?) -> Answer {
    do throws(Refusal) {
      try chat.admit(authorization)
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
      return Answer(Cue.refusing(error))
    }
  }

  /// The value of `model=`, percent-decoded; nil if the query has none.
  private static func model(inQuery query: Substring) -> String? {
    let name = "model="
    guard let pair = query.split(separator: "&").first(where: { $0.hasPrefix(name) }) else { return nil }
    return percentDecoded(pair.dropFirst(name.count))
  }

  /// RFC 3986 section 2.1; a `%` without two hexadecimal digits stands for itself.
  private static func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(Substring(rest.prefix(2)), radix: 16) {
        bytes.append(value)
        rest.removeFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
