import NIOCore
import NIOHTTP1

/// How one provider speaks, for one request: what it demands, and the bytes it answers with. What is said, and when, is
/// the ``Script``'s.
protocol Dialect: Sendable {
  /// What the journal calls the format.
  static var name: String { get }

  /// nil if this URL is none of the provider's.
  init?(_ target: Target)

  /// What proves who asks; nil if the request bears nothing of the kind.
  func credential(in headers: HTTPHeaders) -> String?

  /// Checks the headers.
  /// - Parameter key: the only key that is accepted; nil accepts any.
  /// - Throws: what the provider says of the first that is missing or wrong.
  func admit(_ headers: HTTPHeaders, key: String?) throws(Refusal)

  /// Reads the body.
  /// - Throws: what the provider says of a body without what it needs.
  func request(_ body: ByteBuffer) throws(Refusal) -> ChatRequest

  /// The identifier of the answer with this number.
  func id(_ serial: Int) -> String

  /// The headers that only this provider sends, with every answer.
  func headers(id: String, serial: Int) -> [Header]

  /// How the events of a stream stand on the wire.
  func framing(_ scenario: Scenario) -> any Framing

  /// The events of a stream.
  func stream(_ reply: Reply, _ scenario: Scenario) -> any AnswerStream

  /// The answer in one piece, for a request that asked for no stream.
  func whole(_ reply: Reply) -> ByteBuffer

  /// What the provider says under a scripted status; `retry` is after how many seconds to try again.
  func refusal(_ status: Int, retry: Int) -> Refusal

  /// `refusal` as the body of an HTTP answer.
  func body(_ refusal: Refusal) -> String

  /// The headers that only a refusal has.
  func headers(_ refusal: Refusal) -> [Header]

  /// Whether a token may be made while it is written: not where its length or a sum is sent with it, or its text again.
  var canTellTime: Bool { get }
}

extension Dialect {
  func headers(_ refusal: Refusal) -> [Header] { [] }

  var canTellTime: Bool { true }

  var name: String { Self.name }

  /// `refusal` as the whole answer.
  func refuse(_ refusal: Refusal, at time: TimeAmount = .zero) -> [Cue] {
    Cue.whole(
      ByteBuffer(string: body(refusal)), status: refusal.status, at: time, end: .fault, headers: headers(refusal))
  }
}

extension Target {
  /// Those that are asked whose URL it is, the first one first.
  private static let dialects: [any Dialect.Type] = [
    AzureChat.self, OpenAIChat.self, OpenAIResponses.self, Anthropic.self, Ollama.self, Bedrock.self, Gemini.self,
  ]

  /// The provider whose URL this is; nil if it is nobody's.
  var dialect: (any Dialect)? {
    for dialect in Self.dialects { if let dialect = dialect.init(self) { return dialect } }
    return nil
  }
}
