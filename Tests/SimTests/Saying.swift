import Foundation

/// What an answer says in all, whatever the format: read by the provider's documentation, not by the simulator's code.
struct Saying: Equatable {
  var text = ""
  var reasoning = ""
  var signature = ""
  /// Of each call: its identifier, its name, its arguments.
  var calls: [Call] = []
  var finish = ""
  var promptTokens = 0
  /// Reasoning included.
  var completionTokens = 0

  struct Call: Equatable {
    var id = ""
    var name = ""
    var arguments = ""

    var object: [String: Any] {
      ((try? JSONSerialization.jsonObject(with: Data(arguments.utf8))) as? [String: Any]) ?? [:]
    }
  }

  init(_ reading: Reading) throws {
    let objects = reading.stream ? try reading.items().items.map(\.json) : [reading.json]
    for object in objects {
      switch reading.format {
      case "openai", "azure": completion(object)
      case "responses": reading.stream ? response(event: object) : response(object)
      case "anthropic": reading.stream ? message(event: object) : message(object)
      case "ollama": line(object)
      case "bedrock": if !reading.stream { converse(object) }
      default: candidates(object)
      }
    }
    if reading.format == "bedrock", reading.stream {
      for item in try reading.items().items { converse(event: item.name, item.json) }
    }
  }

  private typealias Object = [String: Any]

  private mutating func use(_ usage: Any?, _ prompt: String, _ completion: String) {
    guard let usage = usage as? Object else { return }
    promptTokens = usage[prompt] as? Int ?? promptTokens
    completionTokens = usage[completion] as? Int ?? completionTokens
  }

  private mutating func completion(_ object: Object) {
    use(object["usage"], "prompt_tokens", "completion_tokens")
    guard let choice = (object["choices"] as? [Object])?.first,
      let delta = (choice["delta"] ?? choice["message"]) as? Object
    else { return }
    text += delta["content"] as? String ?? ""
    reasoning += delta["reasoning_content"] as? String ?? ""
    finish += choice["finish_reason"] as? String ?? ""
    for (place, call) in ((delta["tool_calls"] as? [Object]) ?? []).enumerated() {
      let index = call["index"] as? Int ?? place
      if index == calls.count { calls.append(Call(id: call["id"] as? String ?? "")) }
      let function = call["function"] as? Object
      calls[index].name += function?["name"] as? String ?? ""
      calls[index].arguments += function?["arguments"] as? String ?? ""
    }
  }

  private mutating func response(event: Object) {
    let delta = event["delta"] as? String ?? ""
    switch event["type"] as? String {
    case "response.output_text.delta": text += delta
    case "response.reasoning_summary_text.delta": reasoning += delta
    case "response.function_call_arguments.delta": calls[calls.count - 1].arguments += delta
    case "response.output_item.added":
      let item = event["item"] as? Object
      guard item?["type"] as? String == "function_call" else { return }
      calls.append(Call(id: item?["call_id"] as? String ?? "", name: item?["name"] as? String ?? ""))
    case "response.completed", "response.incomplete":
      var whole = self
      whole.text = ""
      whole.reasoning = ""
      whole.calls = []
      whole.response(event["response"] as? Object ?? [:])
      // The last event says all of it again.
      if whole.text == text, whole.reasoning == reasoning, whole.calls == calls { self = whole }
    default: break
    }
  }

  private mutating func response(_ object: Object) {
    finish = object["status"] as? String ?? ""
    use(object["usage"], "input_tokens", "output_tokens")
    for item in object["output"] as? [Object] ?? [] {
      switch item["type"] as? String {
      case "reasoning":
        signature = item["encrypted_content"] as? String ?? ""
        for part in item["summary"] as? [Object] ?? [] { reasoning += part["text"] as? String ?? "" }
      case "message": for part in item["content"] as? [Object] ?? [] { text += part["text"] as? String ?? "" }
      default:
        calls.append(
          Call(
            id: item["call_id"] as? String ?? "", name: item["name"] as? String ?? "",
            arguments: item["arguments"] as? String ?? ""))
      }
    }
  }

  private mutating func message(event: Object) {
    switch event["type"] as? String {
    case "message_start": use((event["message"] as? Object)?["usage"], "input_tokens", "output_tokens")
    case "content_block_start":
      let block = event["content_block"] as? Object
      if block?["type"] as? String == "tool_use" {
        calls.append(Call(id: block?["id"] as? String ?? "", name: block?["name"] as? String ?? ""))
      }
    case "content_block_delta":
      let delta = event["delta"] as? Object ?? [:]
      text += delta["text"] as? String ?? ""
      reasoning += delta["thinking"] as? String ?? ""
      signature += delta["signature"] as? String ?? ""
      if let json = delta["partial_json"] as? String { calls[calls.count - 1].arguments += json }
    case "message_delta":
      finish = (event["delta"] as? Object)?["stop_reason"] as? String ?? ""
      use(event["usage"], "input_tokens", "output_tokens")
    default: break
    }
  }

  private mutating func message(_ object: Object) {
    finish = object["stop_reason"] as? String ?? ""
    use(object["usage"], "input_tokens", "output_tokens")
    for block in object["content"] as? [Object] ?? [] {
      text += block["text"] as? String ?? ""
      reasoning += block["thinking"] as? String ?? ""
      signature += block["signature"] as? String ?? ""
      if block["type"] as? String == "tool_use" { call(block, id: "id", arguments: "input") }
    }
  }

  private mutating func line(_ object: Object) {
    let message = object["message"] as? Object ?? [:]
    text += message["content"] as? String ?? ""
    reasoning += message["thinking"] as? String ?? ""
    for tool in message["tool_calls"] as? [Object] ?? [] {
      call(tool["function"] as? Object ?? [:], id: "", arguments: "arguments")
    }
    guard object["done"] as? Bool == true else { return }
    finish = object["done_reason"] as? String ?? ""
    use(object, "prompt_eval_count", "eval_count")
  }

  private mutating func converse(event name: String, _ object: Object) {
    switch name {
    case "contentBlockStart":
      guard let tool = (object["start"] as? Object)?["toolUse"] as? Object else { return }
      calls.append(Call(id: tool["toolUseId"] as? String ?? "", name: tool["name"] as? String ?? ""))
    case "contentBlockDelta":
      let delta = object["delta"] as? Object ?? [:]
      text += delta["text"] as? String ?? ""
      let thought = delta["reasoningContent"] as? Object
      reasoning += thought?["text"] as? String ?? ""
      signature += thought?["signature"] as? String ?? ""
      if let tool = delta["toolUse"] as? Object { calls[calls.count - 1].arguments += tool["input"] as? String ?? "" }
    case "messageStop": finish = object["stopReason"] as? String ?? ""
    case "metadata": use(object["usage"], "inputTokens", "outputTokens")
    default: break
    }
  }

  private mutating func converse(_ object: Object) {
    finish = object["stopReason"] as? String ?? ""
    use(object["usage"], "inputTokens", "outputTokens")
    let message = (object["output"] as? Object)?["message"] as? Object
    for block in message?["content"] as? [Object] ?? [] {
      text += block["text"] as? String ?? ""
      let thought = (block["reasoningContent"] as? Object)?["reasoningText"] as? Object
      reasoning += thought?["text"] as? String ?? ""
      signature += thought?["signature"] as? String ?? ""
      if let tool = block["toolUse"] as? Object { call(tool, id: "toolUseId", arguments: "input") }
    }
  }

  private mutating func candidates(_ object: Object) {
    if let usage = object["usageMetadata"] as? Object {
      promptTokens = usage["promptTokenCount"] as? Int ?? 0
      completionTokens = (usage["candidatesTokenCount"] as? Int ?? 0) + (usage["thoughtsTokenCount"] as? Int ?? 0)
    }
    guard let candidate = (object["candidates"] as? [Object])?.first else { return }
    finish = candidate["finishReason"] as? String ?? ""
    for part in (candidate["content"] as? Object)?["parts"] as? [Object] ?? [] {
      let piece = part["text"] as? String ?? ""
      if part["thought"] as? Bool == true { reasoning += piece } else { text += piece }
      signature += part["thoughtSignature"] as? String ?? ""
      if let function = part["functionCall"] as? Object { call(function, id: "", arguments: "args") }
    }
  }

  /// A call whose arguments are an object.
  private mutating func call(_ object: Object, id: String, arguments: String) {
    let data = try? JSONSerialization.data(withJSONObject: object[arguments] ?? [:], options: .sortedKeys)
    calls.append(
      Call(
        id: object[id] as? String ?? "", name: object["name"] as? String ?? "",
        arguments: String(decoding: data ?? Data(), as: UTF8.self)))
  }
}
