import Wire

/// What a model may call.
package struct ProviderTools: Sendable {
  package struct Tool: Sendable {
    package let name: String
    package let description: String
    /// JSON Schema of the arguments, an object.
    package let schema: String
    /// The arguments are to follow the schema to the letter, where the provider can promise that.
    package let isStrict: Bool

    package init(name: String, description: String, schema: String, isStrict: Bool = false) {
      self.name = name
      self.description = description
      self.schema = schema
      self.isStrict = isStrict
    }

    /// What all that copy OpenAI call a function: members `name`, `description`, `parameters`.
    func writeFunction(to writer: inout JSONWriter) {
      writer.member("name", name)
      writer.member("description", description)
      writer.key("parameters")
      writer.raw(schema)
    }
  }

  package enum Choice: Sendable, Equatable {
    /// The model decides.
    case auto
    /// It must call one.
    case required
    /// It must call this one.
    case tool(String)
  }

  /// Empty: the model has none, and nothing is said of tools.
  package let list: [Tool]
  package let choice: Choice
  /// Whether one answer may call several.
  package let parallel: Bool

  package init(_ list: [Tool] = [], choice: Choice = .auto, parallel: Bool = true) {
    self.list = list
    self.choice = choice
    self.parallel = parallel
  }
}
