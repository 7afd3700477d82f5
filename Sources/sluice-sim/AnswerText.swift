/// The text of one answer as the tokens it is sent in: a value that can be copied and run again from the start.
struct AnswerText: Sequence, IteratorProtocol, Sendable {
  /// Whether the request's token limit cuts the scripted text (finish reason `length`).
  let isCut: Bool
  /// How many tokens are left; before the first `next()`, the length of the answer.
  private(set) var count: Int
  private var given: ArraySlice<Token>
  private var source: Source

  private enum Source {
    case prose(Prose)
    case trouble(Trouble)
    case fixed(Token)
  }

  /// - Parameters:
  ///   - request: for what the answer repeats or counts; nil counts nothing and repeats the empty text.
  ///   - limit: the most tokens the client accepts; nil is no limit.
  init(_ scenario: Scenario, request: ChatRequest?, limit: Int?) {
    let echo = scenario.text == .echo ? Token.words(of: request?.lastUserText ?? "") : nil
    let asked = scenario.tokens ?? echo?.count ?? Scenario.defaultTokens
    let length = Swift.min(asked, echo?.count ?? asked)
    var given = Self.sentences(scenario, request, textFollows: length > 0)
    let whole = given.count + length
    if let echo { given += echo.prefix(length) }
    count = Swift.min(whole, limit ?? whole)
    isCut = count < whole
    self.given = given[...]
    source =
      switch scenario.text {
      case .prose, .echo: .prose(Prose(seed: scenario.seed))
      case .fixed, .clock: .fixed(Token("abcdefg "))
      case .nasty: .trouble(Trouble(seed: scenario.seed, withNul: false))
      case .nul: .trouble(Trouble(seed: scenario.seed, withNul: true))
      }
  }

  /// What is thought before the answer: prose of its own.
  init(reasoning scenario: Scenario) {
    isCut = false
    count = scenario.reasoning
    given = []
    source = .prose(Prose(seed: ~scenario.seed))
  }

  /// Exactly these.
  init(_ tokens: [Token]) {
    isCut = false
    count = tokens.count
    given = tokens[...]
    source = .fixed(Token(""))
  }

  /// What the answer says of the request before its text, and a blank between.
  private static func sentences(_ scenario: Scenario, _ request: ChatRequest?, textFollows: Bool) -> [Token] {
    var sentences: [String] = []
    if scenario.history { sentences.append("I see \(request?.messages.count ?? 0) messages.") }
    if scenario.images { sentences.append("I see \(request?.images ?? 0) images.") }
    var tokens = Token.words(of: sentences.joined(separator: " "))
    if textFollows, let last = tokens.popLast() { tokens.append(Token(last.text + " ")) }
    return tokens
  }

  mutating func next() -> Token? {
    guard count > 0 else { return nil }
    count -= 1
    if let token = given.popFirst() { return token }
    switch source {
    case .prose(var prose):
      defer { source = .prose(prose) }
      return prose.next()
    case .trouble(var trouble):
      defer { source = .trouble(trouble) }
      return trouble.next()
    case .fixed(let token):
      return token
    }
  }

  /// The text of the first `tokens` tokens.
  func joined(first tokens: Int) -> String {
    // By bytes: tokens may hold halves of one character, which `String` would join but only bytes can promise.
    var bytes: [UInt8] = []
    for token in prefix(tokens) { bytes.append(contentsOf: token.text.utf8) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
