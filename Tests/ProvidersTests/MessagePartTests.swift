import Providers
import Testing
import Wire

/// What a message is made of, as the database holds it and as a provider gets it.
@Suite struct MessagePartTests {
  @Test func storedPartsAreRead() throws {
    let parts = try MessagePart.parse(try Fixture("request_parts.json").bytes)
    #expect(
      parts == [
        .text("Wer ist das? \"ö\" 👩‍👩‍👧"), .image(url: "https://example.org/a.png?x=1&y=\"2\""),
        .imageData(mediaType: "image/png", data: "iVBORw0KGgo="), .text("\n"),
      ])
  }

  @Test func whatIsWrittenIsRead() throws {
    let parts: [MessagePart] = [
      .text("a \"b\""), .image(url: "https://example.org/a.png"),
      .imageData(mediaType: "image/png", data: "iVBORw0KGgo="),
      .toolCall(MessagePart.ToolCall(id: "c1", name: "open", arguments: #"{"gate":1}"#)),
      .toolResult(MessagePart.ToolResult(id: "c1", name: "open", text: "done")),
    ]
    var writer = JSONWriter()
    MessagePart.write(parts + [.kept(driver: "x", json: Array("{}".utf8))], to: &writer)
    #expect(try MessagePart.parse(writer.bytes) == parts)
  }

  @Test(arguments: [
    "[]", "{}", "null", #"[{}]"#, #"["text"]"#, #"[{"type":"text"}]"#, #"[{"type":"text","text":1}]"#,
    #"[{"type":"image"}]"#, #"[{"type":"image","data":"aGk="}]"#, #"[{"type":"image","media_type":"image/png"}]"#,
    #"[{"type":"tool","text":"later"}]"#,
  ])
  func whatIsUnknownIsLeftOut(_ json: String) throws {
    #expect(try MessagePart.parse(Array(json.utf8)) == [])
  }

  @Test(arguments: ["", "[", #"[{"type":"text","text":"secret words"}"#])
  func whatIsNoJSONIsRefusedWithoutBeingRepeated(_ json: String) throws {
    do throws(ProviderError) {
      _ = try MessagePart.parse(Array(json.utf8))
      Issue.record("accepted")
    } catch {
      #expect(error.code == .misconfigured && !error.cause.contains("secret"))
    }
  }

  @Test func textAloneIsOneString() throws {
    let parts = try MessagePart.parse(Array(#"[{"type":"text","text":"a\n"},{"type":"text","text":"b"}]"#.utf8))
    let call = try OpenAIRequestTests.call(messages: [ProviderMessage(role: .user, parts: parts)], streaming: false)
    #expect(
      try OpenAIRequestTests.body(call)
        == #"{"model":"m","messages":[{"role":"user","content":"a\nb"}],"stream":false}"#)
  }

  @Test func imagesAreAContentArrayInTheirOrder() throws {
    let parts = try MessagePart.parse(try Fixture("request_parts.json").bytes)
    let call = try OpenAIRequestTests.call(
      systemPrompt: "Look.",
      messages: [ProviderMessage(role: .user, parts: parts), ProviderMessage(role: .assistant, text: "I see.")],
      streaming: false)
    let expected = String(decoding: try Fixture("openai/request_parts.json").bytes, as: UTF8.self)
    #expect(try OpenAIRequestTests.body(call) + "\n" == expected)
  }

  @Test func anImageAloneIsAContentArray() throws {
    let message = ProviderMessage(role: .user, parts: [.image(url: "https://example.org/a.png")])
    #expect(
      try OpenAIRequestTests.body(try OpenAIRequestTests.call(messages: [message], streaming: false))
        == #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","#
        + #""image_url":{"url":"https://example.org/a.png"}}]}],"stream":false}"#)
  }

  @Test func nothingPrintsWhatIsInAPart() {
    let parts: [MessagePart] = [
      .text("secret"), .image(url: "https://secret"), .imageData(mediaType: "image/secret", data: "secret"),
    ]
    let message = ProviderMessage(role: .user, parts: parts)
    var dumped = ""
    dump(message, to: &dumped)
    for text in ["\(message)", String(reflecting: message), "\(parts)", String(reflecting: parts), dumped] {
      #expect(!text.contains("secret"))
    }
  }
}
