import Wire

@testable import Service

/// The body of a chat completion.
enum Completions: FuzzTarget {
  static let name = "completion"

  static let words = [
    #""model":"m""#, #""messages":["#, #"{"role":"user","content":"a"}"#, #"{"role":"system","content":[]}"#,
    #"{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"n","arguments":"{}"}}]}"#,
    #"{"role":"tool","tool_call_id":"c","content":"x"}"#,
    #"{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}"#,
    #""tools":[{"type":"function","function":{"name":"n","parameters":{}}}]"#, #""tool_choice":"none""#,
    #""response_format":{"type":"json_object"}"#, #""stream":true"#, #""metadata":{"a":"b"}"#, #"\u0000"#, #"\ud800"#,
    "data:", ";base64,", "{", "}", "[", "]", ",", "null",
  ]

  static func seeds() throws -> [[UInt8]] {
    [
      #"{"model":"m","messages":[{"role":"user","content":"Hi \"you\""}],"stream":true,"stream_options":{"include_usage":true}}"#,
      #"{"model":"m","messages":[{"role":"developer","content":"a"},{"role":"user","content":[{"type":"text","text":"b\u0000"},{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}],"temperature":1,"stop":["x"],"max_completion_tokens":5}"#,
      #"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"n","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"x"}],"tools":[{"type":"function","function":{"name":"n","parameters":{"type":"object"},"strict":true}}],"tool_choice":{"type":"function","function":{"name":"n"}},"parallel_tool_calls":false,"metadata":{"a":"\u0000"}}"#,
      #"{"model":"m","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"b":1e2}}},"n":1,"user":"u"}"#,
      "{}", "[]",
    ].map { Array($0.utf8) }
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    let outcome: Result<CompletionRequest, Refusal>
    do throws(Refusal) { outcome = .success(try CompletionRequest(input)) } catch { outcome = .failure(error) }
    switch outcome {
    case .success(let request): try check(request)
    case .failure(let refusal): try hold([400, 413, 422].contains(refusal.status), "refused with \(refusal.status)")
    }
  }

  private static func check(_ request: CompletionRequest) throws(Violation) {
    let json = request.brought.json
    guard let again = try? BroughtRequest(json: json) else {
      throw Violation(description: "what is stored cannot be read")
    }
    try hold(again.json == json, "what is stored is not what was brought")
    for stored in [json, request.parts, request.metadata] {
      guard let document = try? JSONDocument(parsing: stored, limit: .max) else {
        throw Violation(description: "what is stored is no JSON")
      }
      try hold(!holdsNUL(document.root), "U+0000, which jsonb cannot hold")
    }
    try hold(!request.parts.isEmpty && request.estimatedTokens >= 0, "nothing was said")
  }

  private static func holdsNUL(_ value: JSONElement) -> Bool {
    switch value.kind {
    case .string: value.withString { $0.contains(0) } ?? false
    case .array: value.elements.contains { holdsNUL($0) }
    case .object: value.members.contains { holdsNUL($0.name) || holdsNUL($0.value) }
    case .number, .bool, .null: false
    }
  }
}
