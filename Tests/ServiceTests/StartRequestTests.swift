import Chat
import Store
import Testing
import Wire

@testable import Service

@Suite struct StartRequestTests {
  private func read(_ json: String) throws -> StartRequest { try StartRequest(Array(json.utf8)) }

  @Test func aMessageIsEnough() throws {
    let request = try read(#"{"message":"Hi \"you\""}"#)
    #expect(String(decoding: request.parts, as: UTF8.self) == #"[{"type":"text","text":"Hi \"you\""}]"#)
    #expect(request.model == nil && request.conversation == nil && request.modes.isEmpty)
    #expect(request.hash.count == 32)
  }

  @Test func anEscapedBackslashIsNoNUL() throws {
    let metadata = try read(#"{"message":"a","metadata":{"path":"c:\\u0000"}}"#).metadata
    #expect(String(decoding: metadata, as: UTF8.self) == #"{"path":"c:\\u0000"}"#)
  }

  @Test func partsAreTakenInTheirOrder() throws {
    let request = try read(#"{"message":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#)
    #expect(
      String(decoding: request.parts, as: UTF8.self)
        == #"[{"type":"text","text":"a"},{"type":"text","text":"b"}]"#)
  }

  @Test(arguments: [
    ("", 400), ("[]", 400), ("{", 400), ("{}", 400), (#"{"message":7}"#, 400), (#"{"message":null}"#, 400),
    (#"{"message":"a","message":"b"}"#, 400), (#"{"message":"a","colour":"red"}"#, 400),
    (#"{"message":"a","model":""}"#, 400), (#"{"message":"a","model":5}"#, 400),
    (#"{"message":"a","stream":true}"#, 400), (#"{"message":"a","stream":{"modes":"poll"}}"#, 400),
    (#"{"message":"a","metadata":[]}"#, 400), (#"{"message":"a","metadata":{"x":"\u0000"}}"#, 400),
    (#"{"message":[{"text":"a"}]}"#, 400), (#"{"message":[{"type":"text"}]}"#, 400),
    (#"{"message":" \n"}"#, 422), (#"{"message":""}"#, 422),
    (#"{"message":[]}"#, 422), (#"{"message":[{"type":"video","url":"x"}]}"#, 422),
    (#"{"message":"a","stream":{"modes":["pigeon"]}}"#, 422), (#"{"message":"a","after":"x"}"#, 422),
  ])
  func whatIsNoStartIsRefused(_ wrong: (json: String, status: Int)) {
    let refusal = #expect(throws: Refusal.self) { try read(wrong.json) }
    #expect(refusal?.status == wrong.status)
    #expect(refusal?.message.isEmpty == false)
  }

  @Test func aMessageOverTheLimitIsRefused() {
    let long = String(repeating: "x", count: MessageParts.longestText)
    #expect(throws: Never.self) { try read(#"{"message":"\#(long)"}"#) }
    #expect(throws: Refusal.self) { try read(#"{"message":"\#(long)x"}"#) }
  }

  @Test func streamingIsDeclaredByAModeThatThisServerHas() throws {
    #expect(try read(#"{"message":"a","stream":{"modes":["pigeon","poll"]}}"#).modes == .poll)
    #expect(try read(#"{"message":"a","stream":{"modes":["sse"]}}"#).modes == .sse)
    #expect(try read(#"{"message":"a","stream":{"modes":["sse","poll"]}}"#).modes == [.poll, .sse])
    #expect(try read(#"{"message":"a","stream":null}"#).modes == [])
  }

  @Test func whatIsNoIdIsOneThatNoConversationHas() throws {
    #expect(try read(#"{"message":"a","conversation":"nonsense"}"#).conversation == ID(high: 0, low: 0))
  }

  @Test func imagesAreToldApart() throws {
    let image = #"{"type":"image","url":"https://a.example/b.png"}"#
    #expect(try read(#"{"message":[{"type":"text","text":"a"},\#(image)]}"#).hasImages)
    #expect(try !read(#"{"message":[{"type":"text","text":"a"}]}"#).hasImages)
  }

  @Test func theHashLeavesOutTheFormOfTheAnswerAndNothingElse() throws {
    let hash = try read(#"{"message":"a","model":"m"}"#).hash
    #expect(try read(#"{ "model" : "m", "message" : "a", "stream":{"modes":["poll"]} }"#).hash == hash)
    #expect(try read(#"{"message":"b","model":"m"}"#).hash != hash)
    #expect(try read(#"{"message":"a"}"#).hash != hash)
    #expect(try read(#"{"message":"a","model":"m","metadata":{}}"#).hash != hash)
  }
}
