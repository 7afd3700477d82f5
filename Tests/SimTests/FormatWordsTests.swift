import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import sluice_sim

/// What each format says in its own words: the order of its events, its errors, its refusals.
@Suite struct FormatWordsTests {
  private static func names(_ format: FormatCase, _ model: String) throws -> [String] {
    try format.ask(model).items().items.map(\.name)
  }

  @Test func responsesAreNamedAndNumbered() throws {
    let reading = FormatCase.responses.ask("x;tokens=2")
    let items = try reading.items().items
    #expect(
      items.map(\.name) == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
        "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
        "response.content_part.done", "response.output_item.done", "response.completed",
      ])
    #expect(items.map { $0.json["type"] as? String } == items.map(\.name))
    #expect(items.map { $0.json["sequence_number"] as? Int } == Array(0..<items.count))
    #expect(reading.head?.contentType == "text/event-stream; charset=utf-8")
  }

  @Test func aMessageHasBlocksAndAPing() throws {
    let items = try FormatCase.anthropic.ask("x;tokens=2;reasoning=1;tools=1").items().items
    #expect(
      items.map(\.name).filter { $0 != "content_block_delta" } == [
        "message_start", "content_block_start", "ping", "content_block_stop", "content_block_start",
        "content_block_stop", "content_block_start", "content_block_stop", "message_delta", "message_stop",
      ])
    #expect(items.map { $0.json["type"] as? String } == items.map(\.name))
    #expect(items.compactMap { $0.json["index"] as? Int }.max() == 2)
    #expect(FormatCase.anthropic.ask("x").headers.map(\.name) == ["request-id"])
  }

  @Test func ollamaSendsLinesAndStreamsUnlessToldNotTo() throws {
    let reading = FormatCase.ollama.ask(
      "", body: #"{"model":"x;tokens=2","messages":[{"role":"user","content":"Hi"}]}"#)
    #expect(reading.head?.contentType == "application/x-ndjson")
    #expect(try reading.items().items.map { $0.json["done"] as? Bool } == [false, false, true])
  }

  @Test func framesOfBedrockAreInTheirOrder() throws {
    let reading = FormatCase.bedrock.ask("x;tokens=2;tools=1")
    let items = try reading.items().items
    #expect(items.allSatisfy { $0.kind == "event" })
    #expect(
      items.map(\.name).filter { $0 != "contentBlockDelta" } == [
        "messageStart", "contentBlockStop", "contentBlockStart", "contentBlockStop", "messageStop", "metadata",
      ])
    #expect(reading.head?.contentType == "application/vnd.amazon.eventstream")
    #expect(reading.headers.map(\.name) == ["x-amzn-requestid"])
  }

  @Test func theSumIsTheOneOfTheStandard() {
    // The check value of CRC-32/ISO-HDLC.
    #expect(FrameReader.sum(Array("123456789".utf8)[...]) == 0xCBF4_3926)
  }

  @Test func geminiCountsWithEveryEventAndHasNoEndMark() throws {
    let reading = FormatCase.gemini.ask("x;tokens=3;reasoning=1")
    let counts = try reading.items().items.map { item in
      (item.json["usageMetadata"] as? Reading.Object)?["candidatesTokenCount"] as? Int
    }
    #expect(counts == [0, 1, 2, 3, 3])
    #expect(reading.bytes.suffix(4) == Array("\r\n\r\n".utf8)[...])
    #expect(reading.head?.contentType == "text/event-stream")
  }

  @Test func azureTellsOfItsFiltersFirst() throws {
    let first = try FormatCase.azure.ask("x;tokens=1").items().items.first
    #expect((first?.json["choices"] as? [Any])?.isEmpty == true)
    #expect(first?.json["prompt_filter_results"] != nil)
  }

  /// The last event of a stream in which an error comes under status 200.
  private static func last(_ format: FormatCase, _ fault: String) throws -> Reading.Item {
    let reading = format.ask("x;tokens=9;after=2;\(fault)")
    #expect(reading.cues.last?.action == .end(.fault))
    #expect(reading.head?.status == 200)
    #expect(try Saying(reading).text == "Some gates")
    return try #require(try reading.items().items.last)
  }

  private static func error(_ item: Reading.Item) -> Reading.Object { item.json["error"] as? Reading.Object ?? [:] }

  @Test func anErrorInMidStreamIsTheProvidersOwn() throws {
    #expect(Self.error(try Self.last(.openai, "fault=error"))["type"] as? String == "server_error")
    let overloaded = try Self.last(.anthropic, "fault=error;status=529")
    #expect(overloaded.name == "error")
    #expect(overloaded.json["type"] as? String == "error")
    #expect(Self.error(overloaded)["type"] as? String == "overloaded_error")
    let response = try Self.last(.responses, "fault=error;status=429")
    #expect(response.name == "error")
    #expect(response.json["code"] as? String == "rate_limit_exceeded")
    #expect(try Self.last(.ollama, "fault=error").json.keys.sorted() == ["error"])
    #expect(Self.error(try Self.last(.gemini, "fault=error;status=503"))["status"] as? String == "UNAVAILABLE")
  }

  @Test(arguments: [
    (500, "internalServerException"), (424, "modelStreamErrorException"), (400, "validationException"),
    (429, "throttlingException"), (503, "serviceUnavailableException"),
  ])
  func bedrockThrowsExceptions(status: Int, name: String) throws {
    let item = try Self.last(.bedrock, "fault=error;status=\(status)")
    #expect(item.kind == "exception")
    #expect(item.name == name)
    #expect(item.json["message"] is String)
  }

  @Test func aFailureIsTheOtherWayToSayIt() throws {
    let failed = try Self.last(.responses, "fault=failure")
    #expect(failed.name == "response.failed")
    let response = failed.json["response"] as? Reading.Object
    #expect(response?["status"] as? String == "failed")
    #expect((response?["error"] as? Reading.Object)?["code"] as? String == "server_error")
    let frame = try Self.last(.bedrock, "fault=failure")
    #expect(frame.kind == "error")
    #expect(String(decoding: frame.data, as: UTF8.self).hasPrefix("The system encountered"))
    let tail = FormatCase.gemini.ask("x;tokens=9;after=2;fault=failure;status=503")
    let (items, rest) = try tail.items()
    let error = Reading.Item(name: "", kind: "", data: Array(tail.bytes.suffix(rest)))
    #expect(items.count == 2)
    #expect(Self.error(error)["code"] as? Int == 503)
  }

  @Test(arguments: [true, false]) func aStatusHasTheProvidersErrorObject(stream: Bool) throws {
    func error(_ format: FormatCase, _ status: Int) throws -> Reading.Object {
      let reading = format.ask("x;fault=status;status=\(status)", stream: stream)
      #expect(reading.head?.status == (format.name == "bedrock" && status == 401 ? 403 : status))
      return reading.json["error"] as? Reading.Object ?? reading.json
    }
    #expect(try error(.anthropic, 429)["type"] as? String == "rate_limit_error")
    #expect(try error(.anthropic, 529)["type"] as? String == "overloaded_error")
    #expect(try error(.responses, 429)["code"] as? String == "rate_limit_exceeded")
    #expect(try error(.azure, 401)["code"] as? String == "401")
    #expect(try error(.ollama, 404)["error"] as? String == "model not found, try pulling it first")
    #expect(try error(.gemini, 429)["status"] as? String == "RESOURCE_EXHAUSTED")
    #expect(try error(.bedrock, 429)["message"] is String)
    #expect(try error(.bedrock, 401)["message"] is String)
    let headers = FormatCase.bedrock.ask("x;fault=status;status=429", stream: stream).head?.more
    #expect(headers?.map(\.name) == ["x-amzn-errortype"])
    #expect(headers?.first?.value.hasPrefix("ThrottlingException:") == true)
    #expect(FormatCase.anthropic.ask("x;fault=status;status=429;retry=7").head?.retryAfter == .seconds(7))
  }

  /// The status under which a request is refused, and its error.
  private static func refusal(
    _ format: FormatCase, without header: String? = nil, body: String? = nil, key: String? = nil
  ) -> (status: Int?, error: Reading.Object) {
    let headers = format.headers.filter { $0.0 != header }
    let reading = format.ask("x", headers: headers, body: body, key: key)
    return (reading.head?.status, reading.json["error"] as? Reading.Object ?? reading.json)
  }

  @Test func aCredentialIsDemandedWhereTheProviderDoes() {
    #expect(Self.refusal(.anthropic, without: "x-api-key").status == 401)
    #expect(Self.refusal(.anthropic, key: "other").error["type"] as? String == "authentication_error")
    #expect(Self.refusal(.anthropic, key: "k").status == 200)
    #expect(Self.refusal(.azure, without: "api-key").status == 401)
    #expect(Self.refusal(.azure, key: "other").status == 401)
    #expect(Self.refusal(.bedrock, without: "authorization").status == 403)
    #expect(Self.refusal(.bedrock, key: "other").status == 403)
    #expect(Self.refusal(.gemini, without: "x-goog-api-key").status == 403)
    #expect(Self.refusal(.gemini, key: "other").error["status"] as? String == "INVALID_ARGUMENT")
    for format in [FormatCase.responses, .ollama] {
      #expect(Self.refusal(format).status == 200)
      #expect(Self.refusal(format, key: "k").status == 401)
    }
  }

  @Test(arguments: [
    (
      "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock/aws4_request, "
        + "SignedHeaders=content-type;host;x-amz-date, Signature=" + String(repeating: "0f", count: 32), 200
    ),
    (
      "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock/aws4_request,"
        + "SignedHeaders=host;x-amz-date,Signature=" + String(repeating: "0f", count: 32), 200
    ),
    ("AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00", 403),
    ("Basic eDp5", 403), ("Bearer k", 200),
  ])
  func aSignatureHasItsForm(authorization: String, status: Int) {
    let headers = [FormatCase.json, ("authorization", authorization), ("x-amz-date", "20260101T000000Z")]
    #expect(FormatCase.bedrock.ask("x", headers: headers).head?.status == status)
  }

  @Test func whatIsMissingIsNamed() {
    #expect(Self.refusal(.anthropic, without: "anthropic-version").status == 400)
    #expect(
      Self.refusal(.anthropic, body: #"{"max_tokens":9,"messages":[]}"#).error["message"] as? String
        == "model: Field required")
    #expect(Self.refusal(.responses, body: #"{"input":"x"}"#).error["param"] as? String == "model")
    #expect(Self.refusal(.ollama, body: #"{"messages":[]}"#).error["error"] as? String == "model is required")
    #expect(Self.refusal(.bedrock, body: #"{"messages":[]}"#).status == 400)
    #expect(Self.refusal(.gemini, body: "{}").error["status"] as? String == "INVALID_ARGUMENT")
    for format in FormatCase.all {
      #expect(Self.refusal(format, body: "{").status == 400)
      let isStrict = !["openai", "azure"].contains(format.name)
      #expect(Self.refusal(format, without: "content-type").status == (isStrict ? 400 : 200))
    }
  }

  @Test func aTimeCannotStandWhereItsLengthMustBeKnown() {
    #expect(FormatCase.bedrock.ask("x;text=clock").head?.status == 400)
    #expect(FormatCase.responses.ask("x;text=clock").head?.status == 400)
    #expect(FormatCase.anthropic.ask("x;text=clock;tokens=1").head?.status == 200)
  }

  @Test func aStalledMessageIsPingedAndAFrameIsNot() throws {
    func beats(_ format: FormatCase) -> String {
      let routes = Routes(chat: ChatRoute(apiKey: nil, rate: 0, journal: Journal()))
      var cues = routes.chat.answer(
        Target(format.path("x", true)).dialect!, .init(format.headers),
        body: ByteBuffer(string: format.body("x;fault=stall;after=0;beat=10", true, "\"Hi\"")), peer: Peer()
      ).cues
      return ScriptTests.body((0..<6).compactMap { _ in cues.next() })
    }
    #expect(beats(.anthropic).hasSuffix("event: ping\ndata: {\"type\": \"ping\"}\n\n"))
    #expect(beats(.responses).hasSuffix(": keep-alive\n\n"))
    #expect(!beats(.ollama).contains("keep-alive"))
  }

  @Test(arguments: [
    ("/v1/chat/completions", "openai"), ("/openai/deployments/gpt/chat/completions?api-version=1", "azure"),
    ("/any/prefix/v1/responses", "responses"), ("/v1/messages", "anthropic"), ("/api/chat", "ollama"),
    ("/model/anthropic.claude-v1%3A0/converse", "bedrock"), ("/model/arn%3Aaws%2Fx/converse-stream", "bedrock"),
    ("/v1beta/models/gemini:generateContent", "gemini"),
    ("/v1/projects/p/publishers/google/models/g:streamGenerateContent", "gemini"),
  ])
  func aPathIsAFormat(path: String, name: String) { #expect(Target(path).dialect?.name == name) }

  @Test(arguments: ["/", "/model/x/invoke", "/model/a/b/converse", "/v1beta/models/:generateContent", "/chat"])
  func otherPathsAreNone(path: String) { #expect(Target(path).dialect == nil) }
}
