import Wire

/// The blocks of an answer that are open. Text and arguments go to the sink piece by piece; reasoning goes there too, and
/// again as a whole when its block ends, for the next round must give it back byte for byte with its signature.
struct AnthropicBlocks: Sendable {
  private enum Kind {
    case thinking
    case redactedThinking
    /// The call's number among the calls.
    case toolUse(Int)
    /// Text, a server's own tools, and what nobody has defined.
    case other
  }

  private struct Block {
    let index: Int
    let kind: Kind
    /// Of reasoning, or what stands for it.
    var text: [UInt8] = []
    var signature: [UInt8] = []
  }

  /// Bytes of one block of reasoning.
  private static let limit = 16 << 20

  private var open: [Block] = []
  private var calls = 0

  /// `content` is the whole block, or the block as it is before its deltas.
  mutating func open(
    _ index: Int, _ content: JSONElement, to sink: inout some ProviderEventSink
  ) throws(ProviderError) {
    open.removeAll { $0.index == index }
    try ToolCallCount.check(open.count)
    switch content["type"]?.string {
    case "thinking":
      open.append(Block(index: index, kind: .thinking))
      try add(content, to: index, &sink)
    case "redacted_thinking":
      var block = Block(index: index, kind: .redactedThinking)
      content["data"]?.withString { block.text = Array($0) }
      open.append(block)
    case "tool_use":
      open.append(Block(index: index, kind: .toolUse(calls)))
      sink.toolCall(
        index: calls, id: content["id"]?.string ?? "", name: content["name"]?.string ?? "", signature: nil)
      if let input = content["input"], input.count > 0, let json = input.minified {
        json.withUnsafeBytes { sink.toolArguments($0, index: calls) }
      }
      calls += 1
    default:
      open.append(Block(index: index, kind: .other))
      if content["type"]?.string == "text" { Self.say(content, to: &sink) }
    }
  }

  private static func say(_ content: JSONElement, to sink: inout some ProviderEventSink) {
    content["text"]?.withString { if !$0.isEmpty { sink.text($0) } }
  }

  /// A delta holds one member, a whole block may hold several.
  mutating func add(
    _ delta: JSONElement, to index: Int, _ sink: inout some ProviderEventSink
  ) throws(ProviderError) {
    if delta["type"]?.string == "text_delta" { Self.say(delta, to: &sink) }
    guard let place = open.firstIndex(where: { $0.index == index }) else { return }
    switch open[place].kind {
    case .thinking:
      delta["thinking"]?.withString { text in
        if text.isEmpty { return }
        sink.reasoning(text)
        open[place].text.append(contentsOf: text)
      }
      delta["signature"]?.withString { open[place].signature.append(contentsOf: $0) }
      guard open[place].text.count + open[place].signature.count <= Self.limit else {
        throw ProviderError(.malformed, cause: "a block of reasoning longer than \(Self.limit) bytes")
      }
    case .toolUse(let call):
      delta["partial_json"]?.withString { if !$0.isEmpty { sink.toolArguments($0, index: call) } }
    case .redactedThinking, .other: break
    }
  }

  mutating func close(_ index: Int, to sink: inout some ProviderEventSink) {
    guard let place = open.firstIndex(where: { $0.index == index }) else { return }
    let block = open.remove(at: place)
    var writer = JSONWriter(capacity: block.text.count + block.signature.count + 64)
    writer.beginObject()
    switch block.kind {
    case .thinking:
      writer.member("type", "thinking")
      writer.key("thinking")
      writer.string(utf8: block.text)
      writer.key("signature")
      writer.string(utf8: block.signature)
    case .redactedThinking:
      writer.member("type", "redacted_thinking")
      writer.key("data")
      writer.string(utf8: block.text)
    case .toolUse, .other: return
    }
    writer.endObject()
    sink.keep(writer.bytes)
  }
}
