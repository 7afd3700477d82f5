import Chat
import Providers
import Wire

/// Answers of providers, read by every driver: streamed, whole, and as the body of an error.
enum ProviderAnswers: FuzzTarget {
  static let name = "answers"

  /// The first of each reader: some drivers differ in how they ask only.
  private static let drivers = ProviderRegistry.drivers.filter { !["azure", "gateway", "echo"].contains($0.name) }

  static let words = [
    "data: ", "[DONE]", #"{"choices":[{"index":0,"delta":{"content":""#, #""finish_reason":"stop""#, #""usage":{"#,
    #""prompt_tokens":"#, #""error":{"message":"#, #""reasoning_content":"#, #""refusal":"#, #"\ud83d"#, "\n\n",
    #""message":{"content":"#, "99999999999999999999", "-1", "event: content_block_delta", #""type":"message_stop""#,
    #""done":true"#, #"{"candidates":[{"content":{"parts":[{"text":""#, #""type":"response.output_text.delta""#,
    ":event-type", "contentBlockDelta", "messageStop",
  ]

  static func seeds() throws -> [[UInt8]] {
    try Inputs.answers()
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    for driver in drivers {
      do throws(Violation) { try check(input, driver) } catch {
        throw Violation(description: "\(driver.name): \(error.description)")
      }
    }
  }

  private static func check(_ input: [UInt8], _ driver: any ProviderDriver) throws(Violation) {
    for streaming in [true, false] {
      let whole = transcript(of: input, driver, streaming: streaming, cut: .nowhere)
      try whole.check()
      for cut in [Cut.somewhere, .everywhere] {
        let pieces = transcript(of: input, driver, streaming: streaming, cut: cut)
        try hold(pieces == whole, "cut \(cut): \(pieces.events), not \(whole.events)")
      }
    }
    let error = withExactCopy(of: input) { driver.failure(status: 500, retryAfter: nil, body: $0) }
    try hold(error.cause.utf8.count <= 500, "a cause of \(error.cause.utf8.count) bytes")
    try hold(error.cause.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "a cause of several lines: \(error.cause)")
  }

  private static func transcript(
    of input: [UInt8], _ driver: any ProviderDriver, streaming: Bool, cut: Cut
  ) -> Transcript {
    var decoder = driver.decoder(streaming: streaming)
    var transcript = Transcript()
    do throws(ProviderError) {
      for piece in cut.pieces(of: input) {
        try withExactCopy(of: piece) { (bytes) throws(ProviderError) in try decoder.feed(bytes, to: &transcript) }
      }
      try decoder.finish(to: &transcript)
    } catch {
      transcript.events.append(.failed(error.code))
    }
    // It ignores what comes after its end.
    let ended = transcript
    do throws(ProviderError) {
      try withExactCopy(of: input) { (bytes) throws(ProviderError) in try decoder.feed(bytes, to: &transcript) }
      try decoder.finish(to: &transcript)
    } catch {
      transcript.events.append(.failed(error.code))
    }
    return transcript == ended ? ended : Transcript(events: transcript.events + [.spokeAfterItsEnd])
  }

  private struct Transcript: ProviderEventSink, Equatable {
    enum Event: Equatable {
      case text([UInt8])
      case reasoning([UInt8])
      case kept([UInt8])
      case toolCall(Int, id: String, name: String, signature: String?)
      case toolArguments([UInt8], index: Int)
      case usage(Usage)
      case finished(FinishReason)
      case failed(ProviderError.Code)
      case spokeAfterItsEnd
    }

    var events: [Event] = []

    mutating func text(_ utf8: UnsafeRawBufferPointer) { events.append(.text(Array(utf8))) }
    mutating func reasoning(_ utf8: UnsafeRawBufferPointer) { events.append(.reasoning(Array(utf8))) }
    mutating func keep(_ block: [UInt8]) { events.append(.kept(block)) }
    mutating func toolCall(index: Int, id: String, name: String, signature: String?) {
      events.append(.toolCall(index, id: id, name: name, signature: signature))
    }
    mutating func toolArguments(_ utf8: UnsafeRawBufferPointer, index: Int) {
      events.append(.toolArguments(Array(utf8), index: index))
    }
    mutating func usage(_ usage: Usage) { events.append(.usage(usage)) }
    mutating func finish(_ reason: FinishReason) { events.append(.finished(reason)) }

    func check() throws(Violation) {
      var calls = 0
      for (index, event) in events.enumerated() {
        switch event {
        case .toolCall(let number, _, _, _):
          try hold(number == calls, "call \(number), the next is \(calls)")
          calls += 1
        case .kept(let block): try hold(JSONTexts.isJSON(block), "a block that is no JSON: \(block)")
        case .toolArguments(let bytes, let number):
          try hold(number < calls, "arguments of call \(number), there are \(calls)")
          try hold(!bytes.isEmpty, "no arguments")
        case .text(let bytes), .reasoning(let bytes):
          try hold(!bytes.isEmpty, "a delta without text")
          try hold(String(validating: bytes, as: UTF8.self) != nil, "a delta that is no UTF-8: \(bytes)")
          try hold(JSONTexts.escaped(bytes) == JSONTexts.withoutNUL(bytes), "a delta that no client reads: \(bytes)")
        case .usage(let usage):
          try hold(usage.inputTokens >= 0 && usage.outputTokens >= 0, "negative usage: \(usage)")
        case .finished, .failed: try hold(index == events.count - 1, "something behind the end: \(events)")
        case .spokeAfterItsEnd: throw Violation(description: "events behind the end: \(events)")
        }
      }
      switch events.last {
      case .finished, .failed: break
      default: throw Violation(description: "no end: \(events)")
      }
    }
  }
}
