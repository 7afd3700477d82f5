/// What can be done by a surface: `surface.capabilities`.
package struct Capabilities: OptionSet, Sendable {
  package let rawValue: UInt16

  package init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Turns are read by polls.
  package static let poll = Capabilities(rawValue: 1 << 0)
  /// They are read as streams.
  package static let sse = Capabilities(rawValue: 1 << 1)
  /// A start waits for the whole answer.
  package static let classic = Capabilities(rawValue: 1 << 2)
  /// OpenAI's paths.
  package static let openai = Capabilities(rawValue: 1 << 3)
  /// Tools of the client are offered.
  package static let tools = Capabilities(rawValue: 1 << 4)
  package static let images = Capabilities(rawValue: 1 << 5)
  /// A key says who on other surfaces is the same person.
  package static let links = Capabilities(rawValue: 1 << 6)

  private static let named: [(name: String, capability: Capabilities)] = [
    ("poll", .poll), ("sse", .sse), ("classic", .classic), ("openai", .openai), ("tools", .tools),
    ("images", .images), ("links", .links),
  ]

  /// By the words of the column; one that this program does not know counts for nothing.
  package init(names: [String]) {
    self.init(Self.named.filter { names.contains($0.name) }.map(\.capability))
  }

  /// The words of the column.
  package var names: [String] { Self.named.filter { contains($0.capability) }.map(\.name) }
}
