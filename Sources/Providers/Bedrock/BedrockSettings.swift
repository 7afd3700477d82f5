import Wire

/// The parameters in the words of Converse.
struct BedrockSettings {
  private let parameters: ProviderParameters
  private let isClaude: Bool
  private let showsReasoning: Bool
  private let thinking: ClaudeThinking
  private let takesSampling: Bool

  init(_ call: ProviderCall) {
    parameters = call.parameters
    showsReasoning = call.showsReasoning
    isClaude = call.route.model.contains("anthropic.")
    thinking = isClaude ? ClaudeThinking(call) : .unsaid
    takesSampling = !isClaude || thinking.takesSampling(call.route.model)
  }

  /// Throws `model_misconfigured` for a parameter that the API does not take.
  func write(to writer: inout JSONWriter) throws(ProviderError) {
    try writeInference(to: &writer)
    writeFields(to: &writer)
    try writeForm(to: &writer)
  }

  private func writeInference(to writer: inout JSONWriter) throws(ProviderError) {
    var config = JSONWriter()
    config.beginObject()
    // A budget is part of the limit, which must then be said.
    let limit = parameters.maxTokens ?? (thinking.budget > 0 ? 4096 : nil)
    config.member("maxTokens", limit.map { $0 + thinking.budget })
    let temperature = try parameters.temperature(upTo: 1)
    if takesSampling {
      if let temperature {
        config.key("temperature")
        config.raw(temperature)
      }
      if let topP = parameters.json(.topP) {
        config.key("topP")
        config.raw(topP)
      }
    }
    if !parameters.stop.isEmpty {
      config.key("stopSequences")
      config.beginArray()
      for word in parameters.stop { config.string(word) }
      config.endArray()
    }
    config.endObject()
    Self.add(config, as: "inferenceConfig", to: &writer)
  }

  /// What the model's own API takes beyond Converse.
  private func writeFields(to writer: inout JSONWriter) {
    var fields = JSONWriter()
    fields.beginObject()
    thinking.write(to: &fields, showing: showsReasoning)
    if case .effort(let word) = thinking {
      fields.key("output_config")
      fields.beginObject()
      fields.member("effort", word)
      fields.endObject()
    }
    if !isClaude, let effort = parameters.effort, effort != .none {
      fields.member("reasoning_effort", effort.rawValue)
    }
    fields.endObject()
    Self.add(fields, as: "additionalModelRequestFields", to: &writer)
  }

  /// docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html: the schema is a text.
  private func writeForm(to writer: inout JSONWriter) throws(ProviderError) {
    switch parameters.form {
    case .text, nil: break
    case .json:
      throw parameters.unfit(.responseFormat, "Bedrock knows no json_object, only json_schema")
    case .schema(let name, let schema):
      writer.key("outputConfig")
      writer.beginObject()
      writer.key("textFormat")
      writer.beginObject()
      writer.member("type", "json_schema")
      writer.key("structure")
      writer.beginObject()
      writer.key("jsonSchema")
      writer.beginObject()
      writer.member("schema", schema)
      writer.member("name", name)
      writer.endObject()
      writer.endObject()
      writer.endObject()
      writer.endObject()
    }
  }

  /// Leaves an empty object out.
  private static func add(_ object: JSONWriter, as name: StaticString, to writer: inout JSONWriter) {
    guard object.bytes.count > 2 else { return }
    writer.key(name)
    writer.raw(object.bytes)
  }
}
