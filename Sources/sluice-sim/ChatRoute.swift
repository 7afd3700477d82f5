import NIOCore
import NIOHTTP1

/// A request for an answer, in any format: reads it, writes it into the journal and scripts the answer.
struct ChatRoute: Sendable {
  /// The only key that is accepted; nil accepts any, and none where the provider does not demand one.
  let apiKey: String?
  /// Tokens per second where the scenario says nothing.
  let rate: Double
  let journal: Journal

  func answer(_ dialect: any Dialect, _ headers: HTTPHeaders, body: ByteBuffer, peer: Peer) -> Answer {
    let serial = journal.serial()
    let id = dialect.id(serial)
    var arrival = Exchange.Arrival(
      id: id, format: dialect.name, peer: peer, body: body, isAuthorized: dialect.credential(in: headers) != nil)
    var pace = HeadPace()
    let cues: any IteratorProtocol<Cue>
    do throws(Refusal) {
      try dialect.admit(headers, key: apiKey)
      let request = try dialect.request(body)
      arrival.isJSON = true
      arrival.model = request.model
      arrival.stream = request.stream
      let script = try script(request, dialect, id: id, serial: serial)
      arrival.text = script.scenario.text == .clock ? nil : script.reply.text
      if script.scenario.fault != .status { arrival.usage = script.reply.usage }
      pace = script.scenario.head
      cues = script.cues(stream: arrival.stream)
    } catch {
      cues = dialect.refuse(error).makeIterator()
    }
    let exchange = Exchange(arrival)
    journal.begin(exchange)
    return Answer(cues: cues, pace: pace, exchange: exchange, headers: dialect.headers(id: id, serial: serial))
  }

  private func script(
    _ request: ChatRequest, _ dialect: any Dialect, id: String, serial: Int
  ) throws(Refusal) -> Script {
    guard !request.messages.isEmpty else { throw .noMessages }
    if let limit = request.tokenLimit, limit < 1 { throw .noTokens }
    let scenario: Scenario
    do throws(Scenario.Malformed) {
      scenario = try Scenario(model: request.model, rate: rate)
    } catch {
      throw Refusal(malformed: error)
    }
    guard scenario.text != .clock || dialect.canTellTime || !request.stream else { throw .noTime }
    let now = Int(Exchange.milliseconds() / 1000)
    let script = Script(
      scenario: scenario, reply: Reply(scenario, request, id: id, serial: serial, created: now), dialect: dialect)
    guard script.hasRoomForLine else { throw .lineTooShort }
    return script
  }
}
