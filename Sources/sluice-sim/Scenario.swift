/// How an answer is to go, read from the model name of the request: `name;key=value;key=value…`.
///
/// A plain name means the defaults. Tests so choose an answer by a row in their database, with no other channel.
struct Scenario: Equatable, Sendable {
  /// What the answer says.
  enum Text: String, CaseIterable, Sendable {
    /// Readable English with some Markdown.
    case prose
    /// The last user message again.
    case echo
    /// All that breaks relays, see ``Trouble``.
    case nasty
    /// `nasty` with U+0000 as well.
    case nul
    /// Eight bytes a token, always the same.
    case fixed
    /// Each token is the time of its writing, CLOCK_MONOTONIC in nanoseconds: who reads it on this machine knows how
    /// late it is.
    case clock
  }

  /// The length of an answer for which neither the model name nor the echoed text says one.
  static let defaultTokens = 60

  /// Length of the text in tokens, sentences about the request not counted; nil: 60, or the whole echo.
  var tokens: Int?
  /// Tokens per second; 0 is as fast as possible.
  var rate: Double
  /// Milliseconds from the request to the headers.
  var delay = 0
  /// How the headers come.
  var head = HeadPace()
  /// Milliseconds from the headers to the first token.
  var first = 0
  /// Chooses the text.
  var seed: UInt64 = 1
  var text = Text.prose
  /// Whether the answer opens with "I see N messages."
  var history = false
  /// Whether it says "I see N images."
  var images = false
  /// Length of the reasoning before the text, in tokens.
  var reasoning = 0
  /// How many tokens of the prompt stood in a cache, at most; Ollama never says so.
  var cached = 0
  /// How many tools the answer calls at its end, unless the request brings the results of such calls.
  var tools = 0
  /// Bytes of the data line of one more, long token at the end; nil: there is none.
  var line: Int?
  /// What that line is filled with.
  var fill = LongLine.Fill.text

  /// Bytes per TCP segment and HTTP chunk of the body; 0 leaves writes whole.
  var split = 0
  /// Tokens per write.
  var batch = 1
  /// nil: the provider's own.
  var ends: EventFraming.LineEnds?
  /// Whether a blank follows `data:`.
  var hasSpace = true
  /// Whether a comment goes before each event.
  var hasComments = false
  /// Milliseconds after which a stream that sent nothing else sends a comment; nil: it never does.
  var beat: Int?
  /// Whether Azure's results of its prompt filter come first, in a chunk without choices.
  var hasFilterResults = false
  /// Whether the body is gzip'd.
  var isGzipped = false

  var fault: Fault?
  /// Where the fault strikes.
  var after = Place.tokens(5)
  /// Whether half of the next event goes before a fault after which nothing comes.
  var hasHalf = false
  /// The HTTP status of ``Fault/status``, and the kind of ``Fault/error``; below are the further words of the first.
  var status = 500
  /// nil: one second under 429 and 503.
  var retry: RetryAfter?
  var body = ErrorBody.json

  /// - Throws: ``Malformed`` for an unknown key, a value out of range or a part without `=`.
  init(model: String, rate: Double) throws(Malformed) {
    self.rate = rate
    for part in model.split(separator: ";", omittingEmptySubsequences: false).dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else { throw Malformed(part: String(part), expected: "key=value") }
      try set(String(pair[0]), Value(part: String(part), text: String(pair[1])))
    }
    if fault == .halfhead { head.isHalf = true }
    if fault == .gzip { isGzipped = true }
    guard text != .clock || !isGzipped else {
      throw Malformed(part: "text=clock", expected: "a body that is not gzip'd")
    }
  }

  private static let hour = 3_600_000

  private mutating func set(_ key: String, _ value: Value) throws(Malformed) {
    switch key {
    case "tokens": tokens = try value.number(0...200_000)
    case "rate": rate = try value.number(0...1_000_000)
    case "delay": delay = try value.number(0...Self.hour)
    case "dribble": head.dribble = try value.number(0...Self.hour)
    case "gap": head.gap = try value.number(0...Self.hour)
    case "first": first = try value.number(0...Self.hour)
    case "seed": seed = try value.number(0...UInt64.max)
    case "text": text = try value.word()
    case "history": history = try value.flag()
    case "images": images = try value.flag()
    case "reasoning": reasoning = try value.number(0...200_000)
    case "cached": cached = try value.number(0...200_000)
    case "tools": tools = try value.number(0...64)
    case "line": line = try value.number(4096...(64 << 20))
    case "fill": fill = try value.word()
    case "split": split = try value.number(1...65_536)
    case "batch": batch = try value.number(1...10_000)
    case "ends": ends = try value.word()
    case "space": hasSpace = try value.flag()
    case "comments": hasComments = try value.flag()
    case "beat": beat = try value.number(1...Self.hour)
    case "azure": hasFilterResults = try value.flag()
    case "gzip": isGzipped = try value.flag()
    case "fault": fault = try value.word()
    case "after": after = try value.place()
    case "half": hasHalf = try value.flag()
    case "status": status = try value.status()
    case "retry": retry = try value.retry()
    case "body": body = try value.word()
    default: throw Malformed(part: value.part, expected: "a known key")
    }
  }

  /// What is wrong with a model name.
  struct Malformed: Error, Equatable {
    let part: String
    let expected: String
  }
}

/// What stands behind the `=` of a part.
private struct Value {
  let part: String
  let text: String

  func number<N: LosslessStringConvertible & Comparable>(_ range: ClosedRange<N>) throws(Scenario.Malformed) -> N {
    guard let number = N(text), range.contains(number) else {
      throw malformed("a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func flag() throws(Scenario.Malformed) -> Bool { try number(0...1) == 1 }

  func word<W: RawRepresentable<String> & CaseIterable>() throws(Scenario.Malformed) -> W {
    guard let word = W(rawValue: text) else {
      throw malformed(W.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return word
  }

  func place() throws(Scenario.Malformed) -> Scenario.Place {
    switch text {
    case "request": return .request
    case "headers": return .headers
    default:
      guard let tokens = Int(text), (0...200_000).contains(tokens) else {
        throw malformed("request, headers or a number of tokens up to 200000")
      }
      return .tokens(tokens)
    }
  }

  /// Any final status that has a body.
  func status() throws(Scenario.Malformed) -> Int {
    guard let status = Int(text), (200...599).contains(status), ![204, 205, 304].contains(status) else {
      throw malformed("a status from 200 to 599 that has a body")
    }
    return status
  }

  func retry() throws(Scenario.Malformed) -> RetryAfter {
    guard let retry = RetryAfter(text) else { throw malformed("none, seconds up to a day, or date+N or date-N") }
    return retry
  }

  private func malformed(_ expected: String) -> Scenario.Malformed {
    Scenario.Malformed(part: part, expected: expected)
  }
}
