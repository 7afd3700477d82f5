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
  }

  /// What goes wrong.
  enum Fault: String, CaseIterable, Sendable {
    /// An HTTP error instead of an answer.
    case status
    /// The request is taken and never answered.
    case stallheaders
    /// A TCP reset after ``Scenario/after`` tokens.
    case reset
    /// The body ends well-formed but without finish reason and `[DONE]`.
    case eof
    /// The connection closes in the middle of the body.
    case cut
    /// The finish reason is sent, `[DONE]` is not.
    case nodone
    /// An error object in the stream, under status 200.
    case error
    /// Nothing more is sent, the socket stays open.
    case stall
    /// A data line that is no JSON; the answer then goes on.
    case garbage
  }

  /// The length of an answer for which neither the model name nor the echoed text says one.
  static let defaultTokens = 60

  /// Length of the text in tokens, a `history` sentence not counted; nil: 60, or the whole echo.
  var tokens: Int?
  /// Tokens per second; 0 is as fast as possible.
  var rate: Double
  /// Milliseconds from the request to the headers.
  var delay = 0
  /// Milliseconds from the headers to the first token.
  var first = 0
  /// Chooses the text.
  var seed: UInt64 = 1
  var text = Text.prose
  /// Whether the answer opens with "I see N messages."
  var history = false
  /// Bytes per TCP segment and HTTP chunk of the body; 0 leaves writes whole.
  var split = 0
  /// Tokens per write.
  var batch = 1
  var fault: Fault?
  /// Tokens before the fault; a shorter text brings the fault at its end.
  var after = 5
  /// The HTTP status of ``Fault/status``.
  var status = 500

  /// - Throws: ``Malformed`` for an unknown key, a value out of range or a part without `=`.
  init(model: String, rate: Double) throws(Malformed) {
    self.rate = rate
    for part in model.split(separator: ";", omittingEmptySubsequences: false).dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else { throw Malformed(part: String(part), expected: "key=value") }
      try set(String(pair[0]), Value(part: String(part), text: String(pair[1])))
    }
  }

  private mutating func set(_ key: String, _ value: Value) throws(Malformed) {
    switch key {
    case "tokens": tokens = try value.number(0...200_000)
    case "rate": rate = try value.number(0...1_000_000)
    case "delay": delay = try value.number(0...3_600_000)
    case "first": first = try value.number(0...3_600_000)
    case "seed": seed = try value.number(0...UInt64.max)
    case "text": text = try value.word()
    case "history": history = try value.number(0...1) == 1
    case "split": split = try value.number(1...65_536)
    case "batch": batch = try value.number(1...10_000)
    case "fault": fault = try value.word()
    case "after": after = try value.number(0...200_000)
    case "status": status = try value.number(400...599)
    default: throw Malformed(part: value.part, expected: "a known key")
    }
  }

  /// What is wrong with a model name.
  struct Malformed: Error, Equatable {
    let part: String
    let expected: String
  }

  private struct Value {
    let part: String
    let text: String

    func number<N: LosslessStringConvertible & Comparable>(_ range: ClosedRange<N>) throws(Malformed) -> N {
      guard let number = N(text), range.contains(number) else {
        throw Malformed(part: part, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }

    func word<W: RawRepresentable<String> & CaseIterable>() throws(Malformed) -> W {
      guard let word = W(rawValue: text) else {
        throw Malformed(part: part, expected: W.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return word
    }
  }
}
