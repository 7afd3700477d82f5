import Wire

/// An event as a client reads it.
struct Event: Equatable {
  var type: String
  var text: [UInt8]?
  var json: String

  /// Events joined by commas, as a poll's answer or a row holds them. Throws if they are no JSON.
  static func list(_ events: some Sequence<UInt8>) throws(JSONError) -> [Event] {
    let document = try JSONDocument(parsing: [0x5B] + Array(events) + [0x5D])
    var list: [Event] = []
    for element in document.root.elements {
      var text: [UInt8]?
      element["text"]?.withString { text = Array($0) }
      let json = String(decoding: element.minified ?? [], as: UTF8.self)
      list.append(Event(type: element["type"]?.string ?? "none", text: text, json: json))
    }
    return list
  }
}

extension [Event] {
  /// The text of all events of one type together.
  func text(of type: String) -> [UInt8] { filter { $0.type == type }.flatMap { $0.text ?? [] } }

  /// Neighbours of the same type put together: what of the log does not depend on where chunks end.
  var runs: [(type: String, text: [UInt8])] {
    var runs: [(type: String, text: [UInt8])] = []
    for event in self {
      if runs.last?.type == event.type, event.text != nil {
        runs[runs.count - 1].text += event.text ?? []
      } else {
        runs.append((event.type, event.text ?? []))
      }
    }
    return runs
  }
}
