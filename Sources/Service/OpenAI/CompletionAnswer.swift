import Chat

/// A whole answer, gathered from a turn's events.
struct CompletionAnswer: Sendable {
  struct Call: Sendable {
    let id: String
    let name: String
    fileprivate(set) var arguments: [UInt8]
  }

  private(set) var text: [UInt8] = []
  private(set) var reasoning: [UInt8] = []
  private(set) var calls: [Call] = []

  /// All that is sealed of a log.
  init(_ log: TurnLog) {
    var isCallOpen = false
    for chunk in 0..<log.sealed {
      for event in CompletionEvent.all(in: log.events(of: chunk + 1)) { add(event, &isCallOpen) }
    }
  }

  private mutating func add(_ event: CompletionEvent, _ isCallOpen: inout Bool) {
    switch event {
    case .text(let utf8): text += utf8
    case .reasoning(let utf8): reasoning += utf8
    case .tool(let id, let name, let arguments, let isLast):
      if isCallOpen {
        calls[calls.count - 1].arguments += arguments
      } else {
        calls.append(Call(id: id, name: name, arguments: arguments))
      }
      isCallOpen = !isLast
    }
  }
}
