import Wire

/// Hands the output of a response to the sink, every piece of it once. The API says the same up to four times: in deltas,
/// with the event that ends a part, with its item, and with the whole response; not all servers send all of them.
struct ResponsesOutput: Sendable {
  enum Kind {
    /// Text or refusal of a message.
    case text
    /// A summary of reasoning.
    case summary
    /// Reasoning itself: open models only.
    case reasoning
  }

  /// A part of an item.
  private struct Place: Hashable {
    let kind: Kind
    let item: Int
    let part: Int
  }

  private struct Call {
    let item: Int
    let id: String
    var hasArguments = false
  }

  private var handed: Set<Place> = []
  private var calls: [Call] = []
  private var hasKept = false

  /// What it has to remember: calls, and places whose text was handed over.
  var size: Int { max(calls.count, handed.count) }

  var hasCalls: Bool { !calls.isEmpty }

  mutating func hand(_ kind: Kind, deltaOf event: JSONElement, to sink: inout some ProviderEventSink) {
    let part = event[kind == .summary ? "summary_index" : "content_index"]?.int ?? 0
    hand(event["delta"], at: Place(kind: kind, item: Self.item(of: event), part: part), to: &sink)
  }

  /// `text`: all of the part that ends with `event`.
  mutating func hand(_ kind: Kind, _ text: JSONElement?, of event: JSONElement, to sink: inout some ProviderEventSink) {
    let part = event[kind == .summary ? "summary_index" : "content_index"]?.int ?? 0
    hand(whole: text, at: Place(kind: kind, item: Self.item(of: event), part: part), to: &sink)
  }

  /// A call begins with its item; all else that an item says before it is done comes in events of its own.
  mutating func begin(_ item: JSONElement, of event: JSONElement, to sink: inout some ProviderEventSink) {
    if item["type"]?.string == "function_call" { _ = begin(call: item, at: Self.item(of: event), to: &sink) }
  }

  mutating func hand(argumentsDeltaOf event: JSONElement, to sink: inout some ProviderEventSink) {
    let item = Self.item(of: event)
    guard let index = calls.lastIndex(where: { $0.item == item }) else { return }
    hand(arguments: event["delta"], of: index, to: &sink)
  }

  mutating func hand(argumentsOf event: JSONElement, to sink: inout some ProviderEventSink) {
    let item = Self.item(of: event)
    guard let index = calls.lastIndex(where: { $0.item == item }), !calls[index].hasArguments else { return }
    hand(arguments: event["arguments"], of: index, to: &sink)
  }

  /// An item that is done.
  mutating func hand(_ item: JSONElement, of event: JSONElement, to sink: inout some ProviderEventSink) {
    let place = Self.item(of: event)
    handTexts(of: item, at: place, to: &sink)
    handCall(of: item, at: place, to: &sink)
    keep(item, to: &sink)
  }

  /// The items of the whole response. Their places need not be those that the events named: so a kind of which anything
  /// has come is taken to have come whole.
  mutating func hand(restOf items: JSONElement, to sink: inout some ProviderEventSink) {
    let hadText = handed.contains { $0.kind == .text }
    let hadReasoning = handed.contains { $0.kind != .text }
    let (hadCalls, hadKept) = (hasCalls, hasKept)
    for (place, item) in items.elements.enumerated() {
      let isReasoning = item["type"]?.string == "reasoning"
      if isReasoning ? !hadReasoning : !hadText { handTexts(of: item, at: place, to: &sink) }
      if !hadCalls { handCall(of: item, at: place, to: &sink) }
      if !hadKept { keep(item, to: &sink) }
    }
  }

  /// The item that an event speaks of: its place in the output.
  private static func item(of event: JSONElement) -> Int { event["output_index"]?.int ?? 0 }

  private mutating func handTexts(of item: JSONElement, at place: Int, to sink: inout some ProviderEventSink) {
    let isReasoning = item["type"]?.string == "reasoning"
    guard isReasoning || item["type"]?.string == "message" else { return }
    if let parts = item["summary"] {
      for (index, part) in parts.elements.enumerated() {
        hand(whole: part["text"], at: Place(kind: .summary, item: place, part: index), to: &sink)
      }
    }
    guard let parts = item["content"] else { return }
    for (index, part) in parts.elements.enumerated() {
      let kind = isReasoning ? Kind.reasoning : .text
      hand(whole: part["text"] ?? part["refusal"], at: Place(kind: kind, item: place, part: index), to: &sink)
    }
  }

  private mutating func handCall(of item: JSONElement, at place: Int, to sink: inout some ProviderEventSink) {
    guard item["type"]?.string == "function_call" else { return }
    let index = begin(call: item, at: place, to: &sink)
    if !calls[index].hasArguments { hand(arguments: item["arguments"], of: index, to: &sink) }
  }

  /// Without its encrypted content (or, of open models, its content) an item is an id that a provider who stores nothing
  /// does not know.
  private mutating func keep(_ item: JSONElement, to sink: inout some ProviderEventSink) {
    guard item["type"]?.string == "reasoning",
      item["encrypted_content"]?.kind == .string || item["content"].map({ $0.count > 0 }) ?? false,
      let json = item.minified
    else { return }
    hasKept = true
    sink.keep(json)
  }

  private mutating func begin(
    call item: JSONElement, at place: Int, to sink: inout some ProviderEventSink
  ) -> Int {
    let id = item["call_id"]?.string ?? ""
    if let index = calls.lastIndex(where: { $0.item == place && $0.id == id }) { return index }
    calls.append(Call(item: place, id: id))
    sink.toolCall(index: calls.count - 1, id: id, name: item["name"]?.string ?? "", signature: nil)
    return calls.count - 1
  }

  private mutating func hand(arguments: JSONElement?, of index: Int, to sink: inout some ProviderEventSink) {
    arguments?.withString { text in
      guard !text.isEmpty else { return }
      calls[index].hasArguments = true
      sink.toolArguments(text, index: index)
    }
  }

  private mutating func hand(whole text: JSONElement?, at place: Place, to sink: inout some ProviderEventSink) {
    if !handed.contains(place) { hand(text, at: place, to: &sink) }
  }

  /// A blank line goes between the parts of reasoning: each begins with a heading.
  private mutating func hand(_ text: JSONElement?, at place: Place, to sink: inout some ProviderEventSink) {
    text?.withString { text in
      guard !text.isEmpty else { return }
      guard place.kind != .text else {
        handed.insert(place)
        return sink.text(text)
      }
      let isNext = handed.contains { $0.kind != .text }
      if handed.insert(place).inserted, isNext { Array("\n\n".utf8).withUnsafeBytes { sink.reasoning($0) } }
      sink.reasoning(text)
    }
  }
}
