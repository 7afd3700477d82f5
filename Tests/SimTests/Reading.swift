import Foundation
import NIOCore

@testable import sluice_sim

/// What a client of a format reads of an answer: its events, and what they say.
struct Reading {
  typealias Object = [String: Any]

  /// An event with the name of its `event:` line or frame, and its data.
  struct Item {
    let name: String
    let kind: String
    let data: [UInt8]

    /// Empty if it is no JSON object.
    var json: Object { ((try? JSONDecoder().decode(Value.self, from: Data(data)))?.any as? Object) ?? [:] }
  }

  let format: String
  let stream: Bool
  let cues: [Cue]
  let headers: [Header]
  let bytes: [UInt8]

  init(name: String, stream: Bool, _ answer: Answer) {
    format = name
    self.stream = stream
    cues = Array(IteratorSequence(AnyIterator(answer.cues)))
    bytes = ScriptTests.bytes(cues)
    headers = answer.headers
  }

  var head: Cue.Head? { if case .head(let head) = cues.first?.action { head } else { nil } }

  /// The whole body as JSON.
  var json: Object { Item(name: "", kind: "", data: bytes).json }

  /// The events, of which the last may be half: then its bytes are left over.
  func items() throws -> (items: [Item], rest: Int) {
    switch format {
    case "bedrock":
      let (frames, rest) = try FrameReader.read(bytes)
      let items = frames.map { frame in
        let name =
          frame.headers[":event-type"] ?? frame.headers[":exception-type"] ?? frame.headers[":error-code"] ?? ""
        return Item(
          name: name, kind: frame.headers[":message-type"] ?? "",
          data: frame.headers[":error-message"].map { Array($0.utf8) } ?? frame.payload)
      }
      return (items, rest)
    case "ollama":
      var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
      let rest = lines.removeLast().count
      return (lines.map { Item(name: "", kind: "", data: $0) }, rest)
    default:
      // By bytes: for `String`, U+2028 ends a line too.
      let lines = bytes.filter { $0 != UInt8(ascii: "\r") }
        .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      var items: [Item] = []
      var (name, data, rest) = ("", [UInt8](), 0)
      for line in lines.dropLast() {
        rest += line.count + 1
        if line.isEmpty {
          items.append(Item(name: name, kind: "", data: data))
          (name, data, rest) = ("", [], 0)
        } else if line.starts(with: "event: ".utf8) {
          name = String(decoding: line.dropFirst(7), as: UTF8.self)
        } else if line.starts(with: "data: ".utf8) {
          data += line.dropFirst(6)
        }
      }
      rest += lines.last?.count ?? 0
      return (items, rest)
    }
  }

  /// Any JSON. `JSONSerialization` takes U+FEFF at the start of a string for a mark and drops it.
  private struct Value: Decodable {
    let any: Any

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode([String: Value].self) {
        any = value.mapValues(\.any)
      } else if let value = try? container.decode([Value].self) {
        any = value.map(\.any)
      } else if let value = try? container.decode(String.self) {
        any = value
      } else if let value = try? container.decode(Bool.self) {
        any = value
      } else if let value = try? container.decode(Int.self) {
        any = value
      } else {
        any = (try? container.decode(Double.self)) ?? 0
      }
    }
  }
}
