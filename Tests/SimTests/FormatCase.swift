import NIOCore
import NIOHTTP1

@testable import sluice_sim

/// A format as its clients use it: where they send what.
struct FormatCase: Sendable, CustomStringConvertible {
  let name: String
  /// The URL for a model, already percent-encoded.
  let path: @Sendable (_ model: String, _ stream: Bool) -> String
  let headers: [(String, String)]
  /// The body for a model and for a user message that is JSON already.
  let body: @Sendable (_ model: String, _ stream: Bool, _ text: String) -> String

  var description: String { name }

  static let all = [openai, azure, responses, anthropic, ollama, bedrock, gemini]

  static let json = ("content-type", "application/json")

  static let openai = FormatCase(
    name: "openai", path: { _, _ in "/v1/chat/completions" }, headers: [json],
    body: { model, stream, text in
      #"{"model":"\#(model)","stream":\#(stream),"messages":[{"role":"system","content":"Be brief."},"#
        + #"{"role":"user","content":\#(text)}],"stream_options":{"include_usage":true}}"#
    })

  static let azure = FormatCase(
    name: "azure",
    path: { model, _ in "/openai/deployments/\(encoded(model))/chat/completions?api-version=2024-10-21" },
    headers: [json, ("api-key", "k")], body: openai.body)

  static let responses = FormatCase(
    name: "responses", path: { _, _ in "/v1/responses" }, headers: [json],
    body: { model, stream, text in
      #"{"model":"\#(model)","stream":\#(stream),"instructions":"Be brief.","#
        + #""input":[{"role":"user","content":[{"type":"input_text","text":\#(text)}]}]}"#
    })

  static let anthropic = FormatCase(
    name: "anthropic", path: { _, _ in "/v1/messages" },
    headers: [json, ("x-api-key", "k"), ("anthropic-version", "2023-06-01")],
    body: { model, stream, text in
      #"{"model":"\#(model)","stream":\#(stream),"max_tokens":4096,"system":"Be brief.","#
        + #""messages":[{"role":"user","content":[{"type":"text","text":\#(text)}]}]}"#
    })

  static let ollama = FormatCase(
    name: "ollama", path: { _, _ in "/api/chat" }, headers: [json],
    body: { model, stream, text in
      #"{"model":"\#(model)","stream":\#(stream),"messages":[{"role":"system","content":"Be brief."},"#
        + #"{"role":"user","content":\#(text)}]}"#
    })

  static let bedrock = FormatCase(
    name: "bedrock", path: { model, stream in "/model/\(encoded(model))/converse\(stream ? "-stream" : "")" },
    headers: [json, ("authorization", "Bearer k")],
    body: { _, _, text in
      #"{"system":[{"text":"Be brief."}],"messages":[{"role":"user","content":[{"text":\#(text)}]}]}"#
    })

  static let gemini = FormatCase(
    name: "gemini",
    path: { model, stream in
      "/v1beta/models/\(encoded(model)):\(stream ? "streamGenerateContent?alt=sse" : "generateContent")"
    },
    headers: [json, ("x-goog-api-key", "k")],
    body: { _, _, text in
      #"{"systemInstruction":{"parts":[{"text":"Be brief."}]},"#
        + #""contents":[{"role":"user","parts":[{"text":\#(text)}]}]}"#
    })

  /// All but letters and digits, as RFC 3986 allows.
  private static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      let character = Character(UnicodeScalar(byte))
      return character.isASCII && (character.isLetter || character.isNumber)
        ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }

  /// What a server with this journal answers to a request for `model`.
  func ask(
    _ model: String, stream: Bool = true, text: String = "\"Hi there\"", headers: [(String, String)]? = nil,
    body: String? = nil, key: String? = nil, journal: Journal = Journal()
  ) -> Reading {
    let routes = Routes(chat: ChatRoute(apiKey: key, rate: 10, journal: journal))
    let head = HTTPRequestHead(
      version: .http1_1, method: .POST, uri: path(model, stream), headers: HTTPHeaders(headers ?? self.headers))
    let answer = routes.answer(
      head, body: ByteBuffer(string: body ?? self.body(model, stream, text)), peer: Peer())
    return Reading(name: name, stream: stream, answer)
  }
}
