import Providers
import Wire

@testable import Service

/// The body of a chat start.
enum ChatStarts: FuzzTarget {
  static let name = "start"

  static let words = [
    #""message":"#, #""model":"m""#, #""conversation":"01890000-0000-7000-8000-000000000000""#, #""after":null"#,
    #""stream":{"modes":["poll"]}"#, #""metadata":{"a":"b"}"#, #"{"type":"text","text":"a"}"#,
    #"{"type":"image","url":"https://a.example/b.png"}"#, #"{"type":"image","media_type":"image/png","data":"QUJD"}"#,
    #"\u0000"#, #"\ud800"#, "{", "}", "[", "]", ",", "null",
  ]

  static func seeds() throws -> [[UInt8]] {
    let id = #""01890000-0000-7000-8000-000000000000""#
    return [
      #"{"message":"Hi \"you\""}"#, #"{"message":[{"type":"text","text":"a"},{"type":"text","text":"b\u0000"}]}"#,
      #"{"message":"a","model":"m","conversation":\#(id),"after":\#(id),"stream":{"modes":["poll","sse"]},"metadata":{"x":[1e2,null,"y"]}}"#,
      #"{"message":"a","after":null,"conversation":\#(id)}"#, #"{"message":"a","message":"b"}"#, #"{"message":" \n"}"#,
      #"{"message":[{"type":"image","url":"https://a.example/b.png?c"},{"type":"image","media_type":"image/png","data":"QUJD"}]}"#,
      #"{"message":"a","metadata":{"x":"\u0000","c:\\u0000":-0.0}}"#, #"{"message":"a","stream":{"modes":["sse"]}}"#,
      "{}", "[]",
    ].map { Array($0.utf8) }
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    let outcome = outcome(of: input)
    switch outcome {
    case .taken(let start): try check(start, input)
    case .refused(let status):
      try hold([400, 404, 413, 422].contains(status), "refused with \(status)")
    }
    // White space and the spelling of strings and numbers make no other request.
    if let document = try? JSONDocument(parsing: input), let minified = document.root.minified {
      try hold(self.outcome(of: minified) == outcome, "without white space it is another request")
    }
  }

  private enum Outcome: Equatable {
    case taken(Start)
    case refused(Int)
  }

  private struct Start: Equatable {
    let model: String?
    let parts: [UInt8]
    let metadata: [UInt8]
    let hash: [UInt8]
    let streams: Bool
  }

  private static func outcome(of input: [UInt8]) -> Outcome {
    do throws(Refusal) {
      let start = try StartRequest(input)
      return .taken(
        Start(
          model: start.model, parts: start.parts, metadata: start.metadata, hash: start.hash,
          streams: !start.modes.isEmpty))
    } catch {
      return .refused(error.status)
    }
  }

  private static func check(_ start: Start, _ input: [UInt8]) throws(Violation) {
    guard let parts = try? MessagePart.parse(start.parts), !parts.isEmpty else {
      throw Violation(description: "no parts: \(start.parts)")
    }
    for part in parts {
      if case .text(let text) = part { try hold(!text.utf8.contains(0), "U+0000 in a part, which jsonb cannot hold") }
    }
    try hold((try? MessageParts.reading(start.parts)) == start.parts, "the parts stored are not those taken")
    guard let metadata = try? JSONDocument(parsing: start.metadata), metadata.root.kind == .object else {
      throw Violation(description: "metadata that is no object")
    }
    try hold(start.metadata.count <= StartRequest.longestMetadata, "metadata of \(start.metadata.count) bytes")
    try hold(start.hash.count == 32, "a hash of \(start.hash.count) bytes")
    try hold(start.model.map { !$0.isEmpty && $0.utf8.count <= 200 } ?? true, "a model without or with a long name")
    // How the answer is asked for makes no other request.
    if !start.streams, let end = input.lastIndex(of: UInt8(ascii: "}")) {
      let asking = Array(input[..<end] + Array(#","stream":{"modes":["poll"]}}"#.utf8))
      if case .taken(let streamed) = outcome(of: asking) {
        try hold(streamed.hash == start.hash && streamed.streams, "declared as a stream it is another request")
      }
    }
  }
}

extension MessageParts {
  /// What would be stored of parts that have been stored.
  fileprivate static func reading(_ json: [UInt8]) throws -> [UInt8] {
    try MessageParts(JSONDocument(parsing: json).root).json
  }
}
