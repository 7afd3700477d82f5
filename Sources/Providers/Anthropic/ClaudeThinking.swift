import Wire

/// How a Claude model is asked to reason. Up to version 4.6 it takes a budget of tokens (deprecated since 4.6); later ones
/// refuse a budget and take a word (platform.claude.com/docs/en/build-with-claude/adaptive-thinking, …/effort).
enum ClaudeThinking: Equatable {
  /// Nothing is said of it.
  case unsaid
  /// At most so many tokens, which come on top of the answer's own.
  case budget(Int)
  case effort(String)

  /// A call that must use a tool goes without: Anthropic refuses the two together.
  init(_ call: ProviderCall) {
    guard let effort = call.parameters.effort, effort != .none, !Self.forcesTool(call) else {
      self = .unsaid
      return
    }
    self = Self.refusesBudgets(call.route.model) ? .effort(Self.word(for: effort)) : .budget(Self.budget(for: effort))
  }

  /// Tokens beyond those of the answer.
  var budget: Int { if case .budget(let tokens) = self { tokens } else { 0 } }

  /// Whether the model takes temperature and top_p: not while it reasons, and not at all after version 4.6
  /// (platform.claude.com/docs/en/about-claude/models/migration-guide).
  func takesSampling(_ model: String) -> Bool { self == .unsaid && !Self.refusesBudgets(model) }

  /// Writes the member `thinking`. Models that take an effort say nothing of their reasoning unless asked to.
  func write(to writer: inout JSONWriter, showing: Bool) {
    switch self {
    case .unsaid: break
    case .budget(let tokens):
      writer.key("thinking")
      writer.beginObject()
      writer.member("type", "enabled")
      writer.member("budget_tokens", tokens)
      writer.endObject()
    case .effort:
      writer.key("thinking")
      writer.beginObject()
      writer.member("type", "adaptive")
      if showing { writer.member("display", "summarized") }
      writer.endObject()
    }
  }

  private static func forcesTool(_ call: ProviderCall) -> Bool {
    guard let tools = call.tools, !tools.list.isEmpty else { return false }
    return tools.choice != .auto
  }

  private static func budget(for effort: ProviderParameters.Effort) -> Int {
    switch effort {
    case .none: 0
    case .minimal: 1024
    case .low: 2048
    case .medium: 8192
    case .high: 16384
    case .xhigh: 32768
    }
  }

  private static func word(for effort: ProviderParameters.Effort) -> String {
    switch effort {
    case .none, .minimal, .low: "low"
    case .medium, .high, .xhigh: effort.rawValue
    }
  }

  /// By the version in the name, wherever a cloud puts it: `claude-opus-4-7`, `us.anthropic.claude-sonnet-5-v1:0`,
  /// `claude-3-7-sonnet-20250219`. A name that tells none is taken for an old one.
  private static func refusesBudgets(_ model: String) -> Bool {
    let model = model.lowercased()
    guard let claude = model.firstRange(of: "claude") else { return false }
    let words = model[claude.upperBound...].split { !$0.isLetter && !$0.isNumber }
    if words.contains("mythos") || words.contains("fable") { return true }
    // A number of more digits is a date.
    func number(_ index: Int) -> Int? {
      words.indices.contains(index) && words[index].utf8.count <= 2 ? Int(words[index]) : nil
    }
    guard let place = words.indices.first(where: { number($0) != nil }), let major = number(place) else { return false }
    return (major, number(place + 1) ?? 0) >= (4, 7)
  }
}
