package import Chat

/// Gathers an answer as the message that the next round sends back: text, calls, and what the provider wants kept, in the
/// order in which they came.
package struct AnswerMessage: ProviderEventSink, Sendable {
  private enum Piece {
    case text([UInt8])
    case kept([UInt8])
    case call(Int)
  }

  private struct Call {
    let id: String
    let name: String
    let signature: String?
    var arguments: [UInt8] = []
  }

  private let driver: String
  private var pieces: [Piece] = []
  private var calls: [Call] = []

  /// `driver`: the name of the one that reads the answer.
  package init(driver: String) { self.driver = driver }

  package var message: ProviderMessage {
    ProviderMessage(
      role: .assistant,
      parts: pieces.map { piece in
        switch piece {
        case .text(let bytes): .text(String(decoding: bytes, as: UTF8.self))
        case .kept(let json): .kept(driver: driver, json: json)
        case .call(let index):
          .toolCall(
            MessagePart.ToolCall(
              id: calls[index].id, name: calls[index].name,
              arguments: calls[index].arguments.isEmpty
                ? "{}" : String(decoding: calls[index].arguments, as: UTF8.self),
              signature: calls[index].signature))
        }
      })
  }

  package mutating func text(_ utf8: UnsafeRawBufferPointer) {
    guard case .text(var bytes)? = pieces.last else { return pieces.append(.text(Array(utf8))) }
    pieces.removeLast()
    bytes.append(contentsOf: utf8)
    pieces.append(.text(bytes))
  }

  package mutating func reasoning(_ utf8: UnsafeRawBufferPointer) {}

  package mutating func keep(_ block: [UInt8]) { pieces.append(.kept(block)) }

  package mutating func toolCall(index: Int, id: String, name: String, signature: String?) {
    pieces.append(.call(calls.count))
    calls.append(Call(id: id, name: name, signature: signature))
  }

  package mutating func toolArguments(_ utf8: UnsafeRawBufferPointer, index: Int) {
    calls[index].arguments.append(contentsOf: utf8)
  }

  package mutating func usage(_ usage: Usage) {}
  package mutating func finish(_ reason: FinishReason) {}
}
