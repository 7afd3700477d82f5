import Wire

/// `generationConfig`: how the model is to answer, and to think (ai.google.dev/gemini-api/docs/thinking).
enum GeminiGeneration {
  /// Writes nothing if nothing is asked.
  static func write(_ call: ProviderCall, to writer: inout JSONWriter) {
    let (parameters, effort) = (call.parameters, call.parameters.effort)
    guard call.showsReasoning || !parameters.all.isEmpty else { return }
    writer.key("generationConfig")
    writer.beginObject()
    for (key, json) in parameters.all {
      guard let name = name(of: key) else { continue }
      writer.key(name)
      if key == .stop {
        writer.beginArray()
        for stop in parameters.stop { writer.string(stop) }
        writer.endArray()
      } else {
        writer.raw(json)
      }
    }
    if let form = parameters.form { write(form, to: &writer) }
    if call.showsReasoning || effort != nil {
      writer.key("thinkingConfig")
      writer.beginObject()
      if call.showsReasoning { writer.member("includeThoughts", true) }
      if let effort { write(effort, for: call.route.model, to: &writer) }
      writer.endObject()
    }
    writer.endObject()
  }

  /// Nil for what has a form of its own.
  private static func name(of key: ProviderParameters.Key) -> StaticString? {
    switch key {
    case .temperature: "temperature"
    case .topP: "topP"
    case .maxTokens: "maxOutputTokens"
    case .stop: "stopSequences"
    case .seed: "seed"
    case .presencePenalty: "presencePenalty"
    case .frequencyPenalty: "frequencyPenalty"
    case .reasoningEffort, .responseFormat: nil
    }
  }

  private static func write(_ form: ProviderParameters.Form, to writer: inout JSONWriter) {
    switch form {
    case .text: writer.member("responseMimeType", "text/plain")
    case .json: writer.member("responseMimeType", "application/json")
    case .schema(_, let schema):
      writer.member("responseMimeType", "application/json")
      writer.key("responseJsonSchema")
      writer.raw(schema)
    }
  }

  /// Gemini 2.5 counts tokens, later models know levels. The figures are those that Google's own OpenAI-compatible API
  /// takes (ai.google.dev/gemini-api/docs/openai). Pro models cannot be kept from thinking, only to the least of it.
  private static func write(
    _ effort: ProviderParameters.Effort, for model: String, to writer: inout JSONWriter
  ) {
    let model = model.split(separator: "/").last ?? ""
    let isPro = model.contains("-pro")
    if model.hasPrefix("gemini-2.5") {
      switch effort {
      case .none: writer.member("thinkingBudget", isPro ? 128 : 0)
      case .minimal, .low: writer.member("thinkingBudget", 1_024)
      case .medium: writer.member("thinkingBudget", 8_192)
      case .high, .xhigh: writer.member("thinkingBudget", 24_576)
      }
      return
    }
    switch effort {
    case .none, .minimal: writer.member("thinkingLevel", isPro ? "low" : "minimal")
    case .low: writer.member("thinkingLevel", "low")
    // The first of them knows but low and high.
    case .medium: writer.member("thinkingLevel", model.hasPrefix("gemini-3-pro") ? "high" : "medium")
    case .high, .xhigh: writer.member("thinkingLevel", "high")
    }
  }
}
