import Wire

/// Server-sent events.
enum EventStreams: FuzzTarget {
  static let name = "sse"

  static let words = ["data:", "data", "event:", "id:", "retry:", "\r\n", "\r", "\n\n", ": ", "\u{FEFF}"]

  static func seeds() throws -> [[UInt8]] {
    let texts = [
      "data: YHOO\ndata: +2\ndata: 10\n\n", ": test\r\n\r\ndata: first\r\nid: 1\r\n\r\ndata:second\r\nid\r\n\r\n",
      "\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n", "event: add\rdata: 1\r\revent: lost\r\rdata: 2\r\r",
      "retry: 100\nid: \0\n\n",
      "data: ends with the stream", "data: 0123456789012345678901234567890123\n\n",
      "data: 0123456789\ndata: 0123456789\ndata: 012345678901234\n\n",
    ]
    return texts.map { Array($0.utf8) } + (try Inputs.answers(ending: ".sse"))
  }

  struct Event: Equatable {
    let name: [UInt8]
    let data: [UInt8]
  }

  struct Transcript: Equatable {
    var events: [Event] = []
    var lastID = ""
    var retry: Int?
    var isTooLong = false
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    let whole = try read(input, cut: .nowhere, limit: SSEDecoder.defaultLimit)
    let expected = specified(input)
    try hold(whole == expected, "\(whole), not \(expected)")
    for limit in [SSEDecoder.defaultLimit, 32] {
      let whole = try read(input, cut: .nowhere, limit: limit)
      try hold(whole.events.allSatisfy { $0.data.count <= limit }, "an event longer than \(limit) bytes: \(whole)")
      for cut in [Cut.somewhere, .everywhere] {
        let pieces = try read(input, cut: cut, limit: limit)
        try hold(pieces == whole, "cut \(cut), at most \(limit) bytes: \(pieces), not \(whole)")
      }
    }
  }

  private static func read(_ input: [UInt8], cut: Cut, limit: Int) throws(Violation) -> Transcript {
    var decoder = SSEDecoder(limit: limit)
    var transcript = Transcript()
    func note(_ event: SSEEvent) {
      transcript.events.append(
        Event(name: event.name.withBytes { Array($0) }, data: event.data.withBytes { Array($0) }))
    }
    do throws(LineError) {
      for piece in cut.pieces(of: input) {
        try withExactCopy(of: piece) { (bytes) throws(LineError) in
          var rest = bytes
          while let event = try decoder.next(in: &rest) { note(event) }
        }
      }
      if let event = try decoder.finish() { note(event) }
      (transcript.lastID, transcript.retry) = (decoder.lastEventID, decoder.retryMilliseconds)
    } catch {
      transcript.isTooLong = true
    }
    return transcript
  }

  /// WHATWG HTML, 9.2.6, step by step; what the stream's end leaves is an event as well.
  private static func specified(_ input: [UInt8]) -> Transcript {
    var transcript = Transcript()
    var name: [UInt8] = []
    var data: [UInt8]?
    func dispatch() {
      if let data { transcript.events.append(Event(name: name, data: data)) }
      (name, data) = ([], nil)
    }
    for line in lines(input) {
      if line.isEmpty {
        dispatch()
        continue
      }
      let field = line.prefix { $0 != UInt8(ascii: ":") }
      var value = Array(line.dropFirst(field.count + 1))
      if value.first == UInt8(ascii: " ") { value.removeFirst() }
      switch String(decoding: field, as: UTF8.self) {
      case "data": data = data.map { $0 + [0x0A] + value } ?? value
      case "event": name = value
      case "id" where !value.contains(0) && value.count <= 1_024:
        transcript.lastID = String(decoding: value, as: UTF8.self)
      case "retry" where (1...9).contains(value.count):
        let text = String(decoding: value, as: UTF8.self)
        if value.allSatisfy({ (0x30...0x39).contains($0) }) { transcript.retry = Int(text) }
      default: break
      }
    }
    dispatch()
    return transcript
  }

  private static func lines(_ input: [UInt8]) -> [[UInt8]] {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let bytes = input.starts(with: mark) ? Array(input.dropFirst(3)) : input
    var lines: [[UInt8]] = []
    var line: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if byte == 0x0A, index > 0, bytes[index - 1] == 0x0D { continue }
      if byte == 0x0A || byte == 0x0D {
        lines.append(line)
        line = []
      } else {
        line.append(byte)
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
