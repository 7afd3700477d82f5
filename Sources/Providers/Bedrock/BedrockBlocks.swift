import Wire

/// The blocks of an answer that are open. Text and arguments go to the sink piece by piece; reasoning goes there too, and
/// again as a whole when its block ends, for the next round must give it back unchanged. Only reasoning that is signed or
/// hidden is kept: the models that do not sign refuse to get it back.
struct BedrockBlocks: Sendable {
  private struct Block {
    let index: Int
    /// The call's number among the calls, if it is one of ours.
    var call: Int?
    var reasoning: [UInt8] = []
    var signature: [UInt8] = []
    /// Base64.
    var redacted: [UInt8] = []
  }

  /// Bytes of one block of reasoning.
  private static let limit = 16 << 20

  private var open: [Block] = []
  private var calls = 0

  /// `start` is what a block begins with, or the whole block; only tools have any.
  mutating func open(
    _ index: Int, _ start: JSONElement, to sink: inout some ProviderEventSink
  ) throws(ProviderError) {
    open.removeAll { $0.index == index }
    try ToolCallCount.check(open.count)
    // One with a type is Bedrock's own tool.
    guard let tool = start["toolUse"], tool["type"].map(\.isNull) ?? true else { return }
    open.append(Block(index: index, call: calls))
    sink.toolCall(
      index: calls, id: tool["toolUseId"]?.string ?? "", name: tool["name"]?.string ?? "", signature: nil)
    calls += 1
  }

  /// `delta` is a piece of a block, or the whole block.
  mutating func add(
    _ delta: JSONElement, to index: Int, _ sink: inout some ProviderEventSink
  ) throws(ProviderError) {
    delta["text"]?.withString { if !$0.isEmpty { sink.text($0) } }
    if let input = delta["toolUse"]?["input"], let call = open.first(where: { $0.index == index })?.call {
      Self.deliver(input, of: call, to: &sink)
    }
    guard let reasoning = delta["reasoningContent"], reasoning.kind == .object else { return }
    let place = try place(of: index)
    let content = reasoning["reasoningText"] ?? reasoning
    content["text"]?.withString { text in
      if text.isEmpty { return }
      sink.reasoning(text)
      open[place].reasoning.append(contentsOf: text)
    }
    content["signature"]?.withString { open[place].signature.append(contentsOf: $0) }
    reasoning["redactedContent"]?.withString { open[place].redacted.append(contentsOf: $0) }
    let block = open[place]
    guard block.reasoning.count + block.signature.count + block.redacted.count <= Self.limit else {
      throw ProviderError(.malformed, cause: "a block of reasoning longer than \(Self.limit) bytes")
    }
  }

  mutating func close(_ index: Int, to sink: inout some ProviderEventSink) {
    guard let place = open.firstIndex(where: { $0.index == index }) else { return }
    let block = open.remove(at: place)
    guard !block.signature.isEmpty || !block.redacted.isEmpty else { return }
    var writer = JSONWriter(capacity: block.reasoning.count + block.signature.count + block.redacted.count + 80)
    writer.beginObject()
    writer.key("reasoningContent")
    writer.beginObject()
    if block.redacted.isEmpty {
      writer.key("reasoningText")
      writer.beginObject()
      writer.key("text")
      writer.string(utf8: block.reasoning)
      writer.key("signature")
      writer.string(utf8: block.signature)
      writer.endObject()
    } else {
      writer.key("redactedContent")
      writer.string(utf8: block.redacted)
    }
    writer.endObject()
    writer.endObject()
    sink.keep(writer.bytes)
  }

  /// A stream gives the arguments as pieces of text, a whole answer as an object.
  private static func deliver(_ input: JSONElement, of call: Int, to sink: inout some ProviderEventSink) {
    if input.kind == .string {
      input.withString { if !$0.isEmpty { sink.toolArguments($0, index: call) } }
    } else if input.count > 0, let json = input.minified {
      json.withUnsafeBytes { sink.toolArguments($0, index: call) }
    }
  }

  /// Blocks of reasoning begin with their first piece.
  private mutating func place(of index: Int) throws(ProviderError) -> Int {
    if let place = open.firstIndex(where: { $0.index == index }) { return place }
    try ToolCallCount.check(open.count)
    open.append(Block(index: index))
    return open.count - 1
  }
}
