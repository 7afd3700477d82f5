/// One of the parts an answer has, one after the other.
enum Part: Equatable, Sendable {
  case reasoning
  case text
  case call(ToolCall)
}

/// One call of a tool.
struct ToolCall: Equatable, Sendable {
  /// Among the calls of the answer, from 0.
  let number: Int
  let name: String

  /// Its arguments, JSON, as the pieces they are sent in.
  var pieces: [Token] { Token.words(of: arguments) }

  /// The same whole.
  var arguments: String { "{\"gate\": \(number + 1), \"note\": \"half \\\"open\\\", ½\"}" }
}

/// How an answer ended.
enum Finish: Sendable {
  case stop, length, toolCalls
}

/// What an answer used, in tokens.
struct Usage: Equatable, Sendable {
  let prompt: Int
  /// Reasoning included.
  let completion: Int
  var reasoning = 0
  /// Of the prompt, what stood in a cache.
  var cached = 0

  var total: Int { prompt + completion }

  /// As tests see it under `/sim/requests`.
  var json: String {
    "{\"prompt\":\(prompt),\"completion\":\(completion),\"reasoning\":\(reasoning),\"cached\":\(cached)}"
  }
}
