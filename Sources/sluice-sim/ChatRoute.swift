import FoundationEssentials
import NIOCore

/// `POST …/chat/completions`: reads the request, writes it into the journal and scripts the answer.
struct ChatRoute: Sendable {
  /// The only key that is accepted; nil accepts any, also none.
  let apiKey: String?
  /// Tokens per second where the scenario says nothing.
  let rate: Double
  let journal: Journal

  /// - Parameter authorization: the value of the `Authorization` header; nil if there is none.
  func answer(authorization: String?, body: ByteBuffer, peer: Peer) -> Answer {
    let id = Self.id(journal.serial())
    var arrival = Exchange.Arrival(id: id, peer: peer, body: body, isAuthorized: authorization != nil)
    var pace = HeadPace()
    let cues: any IteratorProtocol<Cue>
    do throws(Refusal) {
      try admit(authorization)
      let request = try Self.decode(body)
      arrival.isJSON = true
      arrival.model = request.model
      arrival.stream = request.stream ?? false
      let script = try script(request, id: id)
      arrival.text = script.scenario.text == .clock ? nil : script.text
      pace = script.scenario.head
      cues = script.cues(stream: arrival.stream)
    } catch {
      cues = Cue.refusing(error).makeIterator()
    }
    let exchange = Exchange(arrival)
    journal.begin(exchange)
    return Answer(cues: cues, pace: pace, exchange: exchange)
  }

  /// - Throws: the 401 of a missing or wrong key.
  func admit(_ authorization: String?) throws(Refusal) {
    guard let apiKey else { return }
    guard let authorization else { throw .missingKey }
    guard authorization == "Bearer \(apiKey)" else { throw .wrongKey }
  }

  private static func decode(_ body: ByteBuffer) throws(Refusal) -> ChatRequest {
    do {
      return try JSONDecoder().decode(ChatRequest.self, from: Data(body.readableBytesView))
    } catch {
      throw .notJSON
    }
  }

  private func script(_ request: ChatRequest, id: String) throws(Refusal) -> Script {
    guard !request.messages.isEmpty else {
      throw Refusal(status: 400, message: "'messages' must hold at least one message.", param: "messages")
    }
    if let limit = request.tokenLimit, limit < 1 {
      throw Refusal(
        status: 400, message: "Expected a token limit of at least 1.", param: "max_tokens",
        code: "integer_below_min_value")
    }
    let scenario: Scenario
    do throws(Scenario.Malformed) {
      scenario = try Scenario(model: request.model, rate: rate)
    } catch {
      throw Refusal(malformed: error)
    }
    let script = Script(
      scenario: scenario,
      text: AnswerText(scenario, request: request, limit: request.tokenLimit),
      completion: Completion(
        id: id, created: Int(Exchange.milliseconds() / 1000), model: request.model,
        includesUsage: request.includesUsage),
      promptTokens: request.promptTokens)
    guard script.line == nil || script.padding != nil else { throw .lineTooShort }
    return script
  }

  /// `chatcmpl-` and 29 letters and digits, as long as OpenAI's.
  private static func id(_ serial: Int) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    var dice = Dice(seed: UInt64(serial))
    let letters = (0..<29).map { _ in digits[dice.roll(digits.count)] }
    return "chatcmpl-" + String(decoding: letters, as: UTF8.self)
  }
}

extension Refusal {
  /// A model name that is no scenario.
  init(malformed: Scenario.Malformed) {
    self.init(
      status: 400, message: "The model name is no scenario: '\(malformed.part)', expected \(malformed.expected).",
      param: "model", code: "malformed_scenario")
  }
}
