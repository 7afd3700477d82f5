/// The tokens of one turn: what it has used, by the provider's latest count and an estimate of all that came since, and
/// what of its limits is reserved for it. Pure.
struct Spending: Sendable {
  /// Tokens reserved at a time.
  static let step = 4_096
  /// Bytes of an answer to an estimated token.
  private static let bytesOfToken = 4

  /// What is to be done after an answer has grown.
  enum Need { case nothing, more, pause, end }

  /// The provider's latest count; nil before the first.
  private(set) var reported: Usage?
  /// Estimated tokens of what is sent.
  private var input = 0
  /// A provider has taken the request and answers.
  private var isTaken = false
  /// Bytes of the answer since the latest count.
  private var bytes = 0
  /// Tokens that may be used; nil: no limit counts them.
  private var reserved: Int?
  /// More is asked for at so many used tokens.
  private var askAt = Int.max
  private var isAsking = false
  /// All was used up when more was asked for.
  private var askedInNeed = false

  // MARK: what is used

  /// Tokens used so far; before the provider answers, those that asking it takes.
  private var used: Int { Self.sum(reported.map { Self.sum($0.inputTokens, $0.outputTokens) } ?? input, estimated) }

  /// Of the answer, beyond the latest count.
  private var estimated: Int { (bytes + Self.bytesOfToken - 1) / Self.bytesOfToken }

  /// Whether there is anything of an answer.
  private var hasContent: Bool { reported != nil || bytes > 0 }

  mutating func begin(input: Int, reserved: Int?) {
    self.input = input
    self.reserved = reserved
    askAt = reserved.map { $0 - Self.step / 2 } ?? .max
  }

  mutating func taken() { isTaken = true }

  mutating func report(_ usage: Usage) {
    reported = usage
    bytes = 0
  }

  /// Another provider is asked: what the former one has said does not count.
  mutating func forget() {
    reported = nil
    isTaken = false
    bytes = 0
  }

  /// Nothing counts that comes from nobody's provider.
  mutating func add(_ count: Int) { if isTaken { bytes += count } }

  /// What is known while it goes on; nil: no provider answers.
  var soFar: Usage? {
    guard isTaken || reported != nil else { return nil }
    var usage = reported ?? Usage(inputTokens: input, outputTokens: 0)
    usage.outputTokens = Self.sum(usage.outputTokens, estimated)
    usage.isEstimated = true
    return usage
  }

  /// What the end tells. Of a whole answer the provider's count is the last word.
  func atEnd(_ state: TurnState) -> Usage? {
    switch state {
    case .done: reported ?? soFar
    // Who fails before the first word takes nothing for it.
    case .error: hasContent ? soFar : nil
    case .streaming, .cancelled, .interrupted: soFar
    }
  }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, isTooMuch) = a.addingReportingOverflow(b)
    return isTooMuch ? .max : sum
  }

  // MARK: what is reserved

  var isLimited: Bool { reserved != nil }

  /// Nothing more may be used until it is granted.
  var isUsedUp: Bool { reserved.map { used >= $0 } ?? false }

  /// Tokens to ask for, all in all.
  var wanted: Int { Self.sum(used, Self.step) }

  /// After `begin`, and after the answer has grown.
  var need: Need {
    guard reserved != nil, used >= askAt else { return .nothing }
    if !isAsking { return .more }
    return isUsedUp ? .pause : .nothing
  }

  /// More is asked for.
  mutating func ask() {
    isAsking = true
    askedInNeed = isUsedUp
  }

  /// So much may be used, all in all; nil: no limit counts any more.
  mutating func granted(_ tokens: Int?) -> Need {
    isAsking = false
    guard let tokens else {
      reserved = nil
      return .nothing
    }
    reserved = tokens
    // Where less was granted than was asked for, there is no need to ask again before it is used up: others may have
    // ended by then.
    askAt = tokens - (tokens >= wanted - Self.step / 2 ? Self.step / 2 : 0)
    guard used >= tokens else { return .nothing }
    return askedInNeed ? .end : .more
  }
}
