import Chat
import Providers

/// All that a decoder said about an answer.
struct Transcript: ProviderEventSink, Equatable {
  enum Event: Equatable {
    case text(String)
    case reasoning(String)
    case keep(String)
    case toolCall(Int, id: String, name: String, signature: String? = nil)
    case arguments(Int, String)
    case usage(Usage)
    case finish(FinishReason)
    case failure(ProviderError.Code)
  }

  private(set) var events: [Event] = []

  init() {}

  /// Feeds `pieces` one by one, then the end of the body.
  init(of driver: any ProviderDriver, streaming: Bool, _ pieces: some Sequence<ArraySlice<UInt8>>) {
    var decoder = driver.decoder(streaming: streaming)
    do throws(ProviderError) {
      for piece in pieces { try feed(piece, to: &decoder) }
      try decoder.finish(to: &self)
    } catch {
      events.append(.failure(error.code))
    }
  }

  private mutating func feed(_ piece: ArraySlice<UInt8>, to decoder: inout any ProviderDecoder) throws(ProviderError) {
    // A fresh copy, so that a decoder that keeps a pointer into its input reads freed memory.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: piece)
    try decoder.feed(UnsafeRawBufferPointer(copy), to: &self)
    copy.initializeMemory(as: UInt8.self, repeating: 0x58)
  }

  /// What the answer says, whatever the pieces: text, reasoning and each call's arguments joined, the last usage.
  var content: Content {
    var content = Content()
    for event in events {
      switch event {
      case .text(let text): content.text += text
      case .reasoning(let text): content.reasoning += text
      case .keep: break
      case .toolCall(_, _, let name, _): content.calls.append(Content.Call(name: name))
      case .arguments(let index, let text): content.calls[index].arguments += text
      case .usage(let usage): content.usage = usage
      case .finish(let reason): content.finish = reason
      case .failure(let code): content.failure = code
      }
    }
    return content
  }

  struct Content: Equatable {
    struct Call: Equatable {
      var name: String
      var arguments = ""
    }

    var text = ""
    var reasoning = ""
    var calls: [Call] = []
    var usage: Usage?
    var finish: FinishReason?
    var failure: ProviderError.Code?
  }

  mutating func text(_ utf8: UnsafeRawBufferPointer) { events.append(Self.whole(utf8) { .text($0) }) }
  mutating func reasoning(_ utf8: UnsafeRawBufferPointer) { events.append(Self.whole(utf8) { .reasoning($0) }) }
  mutating func keep(_ block: [UInt8]) { events.append(.keep(String(decoding: block, as: UTF8.self))) }
  mutating func toolCall(index: Int, id: String, name: String, signature: String?) {
    events.append(.toolCall(index, id: id, name: name, signature: signature))
  }
  mutating func toolArguments(_ utf8: UnsafeRawBufferPointer, index: Int) {
    events.append(Self.whole(utf8) { .arguments(index, $0) })
  }
  mutating func usage(_ usage: Usage) { events.append(.usage(usage)) }
  mutating func finish(_ reason: FinishReason) { events.append(.finish(reason)) }

  private static func whole(_ utf8: UnsafeRawBufferPointer, _ event: (String) -> Event) -> Event {
    guard !utf8.isEmpty else { return .text("an empty piece") }
    return String(validating: utf8, as: UTF8.self).map(event) ?? .text("not UTF-8")
  }
}
