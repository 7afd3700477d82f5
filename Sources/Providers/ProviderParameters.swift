package import Wire

/// Sampling parameters of a virtual model or a client, checked, in the vocabulary of OpenAI chat completions; each driver says them in
/// its provider's words. What only one provider knows belongs into a route's overrides.
package struct ProviderParameters: Sendable {
  package enum Key: String, Sendable, CaseIterable {
    case temperature
    case topP = "top_p"
    case maxTokens = "max_tokens"
    case stop
    case seed
    case presencePenalty = "presence_penalty"
    case frequencyPenalty = "frequency_penalty"
    case reasoningEffort = "reasoning_effort"
    case responseFormat = "response_format"
  }

  /// How hard a model that reasons is to think.
  package enum Effort: String, Sendable, CaseIterable { case none, minimal, low, medium, high, xhigh }

  /// What form the answer must have.
  package enum Form: Sendable, Equatable {
    case text
    /// Some JSON object.
    case json
    /// JSON after a JSON Schema (an object).
    case schema(name: String, schema: String)
  }

  /// Each value as JSON.
  private var values: [Key: [UInt8]]
  /// Those that the client has set, not the virtual model.
  private var asked: Set<Key> = []

  /// The parameters that are set, in a fixed order.
  var all: [(key: Key, json: [UInt8])] {
    Key.allCases.compactMap { key in values[key].map { (key, $0) } }
  }

  /// Nil if it is not set.
  func json(_ key: Key) -> [UInt8]? { values[key] }

  var maxTokens: Int? { values[.maxTokens].flatMap { Int(String(decoding: $0, as: UTF8.self)) } }

  var stop: [String] {
    read(.stop) { stop in stop.string.map { [$0] } ?? stop.elements.compactMap(\.string) } ?? []
  }

  var effort: Effort? { read(.reasoningEffort) { $0.string.flatMap(Effort.init) } }

  var form: Form? { read(.responseFormat) { Form($0) } }

  /// The temperature as JSON, for a provider whose scale ends at `limit`. Throws as `unfit` for more.
  func temperature(upTo limit: Double) throws(ProviderError) -> [UInt8]? {
    guard let value = read(.temperature, { $0.double }), value > limit else { return values[.temperature] }
    throw unfit(.temperature, "the provider takes no more than \(limit)")
  }

  /// The provider does not take this parameter: whoever has set it is told, which is the operator with
  /// `model_misconfigured`, or the client with `upstream_refused`.
  func unfit(_ key: Key, _ cause: String) -> ProviderError {
    ProviderError(asked.contains(key) ? .refused : .misconfigured, cause: "parameters.\(key.rawValue): \(cause)")
  }

  private func read<Value>(_ key: Key, _ body: (JSONElement) -> Value?) -> Value? {
    guard let json = values[key], let document = try? JSONDocument(parsing: json) else { return nil }
    return body(document.root)
  }

  package static let none = ProviderParameters(values: [:])

  private init(values: [Key: [UInt8]]) { self.values = values }

  /// With what a client asks for instead; of tokens it gets no more than there were.
  package func replaced(by other: ProviderParameters) -> ProviderParameters {
    var merged = self
    for (key, json) in other.values {
      if key == .maxTokens, let limit = maxTokens, let tokens = other.maxTokens, tokens > limit { continue }
      merged.values[key] = json
      merged.asked.insert(key)
    }
    return merged
  }

  /// A JSON object, as `init(json:)` takes it.
  package var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    for (key, json) in all {
      writer.key(escaping: key.rawValue)
      writer.raw(json)
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// `json` is an object of these keys; a null counts as absent. Throws `model_misconfigured`, the cause naming the key,
  /// for a key that is unknown and a value of the wrong type or out of bounds. `limit` is in bytes.
  package init(json: String, limit: Int = 64 << 10) throws(ProviderError) {
    let document: JSONDocument
    do { document = try JSONDocument(parsing: json, limit: limit) } catch {
      throw ProviderError(.misconfigured, cause: "parameters: \(error.rawValue)")
    }
    guard document.root.kind == .object else {
      throw ProviderError(.misconfigured, cause: "parameters: not an object")
    }
    var values: [Key: [UInt8]] = [:]
    for (name, value) in document.root.members where !value.isNull {
      let name = name.string ?? ""
      guard let key = Key(rawValue: name) else {
        throw ProviderError(.misconfigured, cause: "parameters.\(name): unknown; provider settings go into overrides")
      }
      guard let text = key.checked(value) else {
        throw ProviderError(.misconfigured, cause: "parameters.\(name): must be \(key.bounds)")
      }
      values[key] = text
    }
    self.values = values
  }

  /// Sets one parameter. False, and nothing is set, for a value that is not within the key's `bounds`.
  package mutating func set(_ key: Key, to value: JSONElement) -> Bool {
    guard let json = key.checked(value) else { return false }
    values[key] = json
    return true
  }
}

extension ProviderParameters.Key {
  /// The value as JSON; nil if it is not within `bounds`.
  fileprivate func checked(_ value: JSONElement) -> [UInt8]? {
    let isGood =
      switch self {
      case .temperature: value.double.map { (0...2).contains($0) } ?? false
      case .topP: value.double.map { $0 > 0 && $0 <= 1 } ?? false
      case .presencePenalty, .frequencyPenalty: value.double.map { (-2...2).contains($0) } ?? false
      case .maxTokens: value.int.map { (1...10_000_000).contains($0) } ?? false
      case .seed: value.int != nil
      case .reasoningEffort: value.string.flatMap(ProviderParameters.Effort.init) != nil
      case .responseFormat: ProviderParameters.Form(value) != nil
      case .stop:
        Self.isStop(value)
          || value.kind == .array && (1...16).contains(value.count) && value.elements.allSatisfy(Self.isStop)
      }
    guard isGood else { return nil }
    // `10.0` is whole, but providers want it written as `10`.
    if self == .maxTokens || self == .seed { return value.int.map { Array(String($0).utf8) } }
    return value.minified
  }

  /// What a value must be, in words.
  package var bounds: String {
    switch self {
    case .temperature: "a number from 0 to 2"
    case .topP: "a number above 0, at most 1"
    case .maxTokens: "a whole number from 1 to 10000000"
    case .presencePenalty, .frequencyPenalty: "a number from -2 to 2"
    case .seed: "a whole number"
    case .reasoningEffort:
      "one of \(ProviderParameters.Effort.allCases.map(\.rawValue).joined(separator: ", "))"
    case .responseFormat:
      #"{"type":"text"}, {"type":"json_object"} or {"type":"json_schema","json_schema":{"name":…,"schema":{…}}}"#
    case .stop: "a string, or 1 to 16 of them, of 1 to 1000 bytes"
    }
  }

  private static func isStop(_ value: JSONElement) -> Bool {
    value.withString { (1...1000).contains($0.count) } ?? false
  }
}

extension ProviderParameters.Form {
  /// From OpenAI's `response_format`; nil for what is none.
  fileprivate init?(_ format: JSONElement) {
    switch format["type"]?.string {
    case "text": self = .text
    case "json_object": self = .json
    case "json_schema":
      guard let description = format["json_schema"], let name = description["name"]?.string,
        (1...64).contains(name.utf8.count), let schema = description["schema"], schema.kind == .object,
        let json = schema.minified
      else { return nil }
      self = .schema(name: name, schema: String(decoding: json, as: UTF8.self))
    default: return nil
    }
  }
}
