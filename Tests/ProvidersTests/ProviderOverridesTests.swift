import Providers
import Testing

@Suite struct ProviderOverridesTests {
  @Test(arguments: [
    (
      #"{"temperature":1,"stream_options":null}"#,
      #"{"model":"m","messages":[],"seed":1,"stream":true,"temperature":1}"#
    ),
    (
      #"{"seed":{"a":1}}"#,
      #"{"model":"m","messages":[],"seed":{"a":1},"stream":true,"stream_options":{"include_usage":true}}"#
    ),
    (
      #"{"stream_options":{"x":[{"y":null}]},"model":null}"#,
      #"{"messages":[],"seed":1,"stream":true,"stream_options":{"include_usage":true,"x":[{"y":null}]}}"#
    ),
    ("{}", #"{"model":"m","messages":[],"seed":1,"stream":true,"stream_options":{"include_usage":true}}"#),
  ])
  func theBodyIsMergedAsRFC7396Says(overrides: String, body: String) throws {
    let call = try OpenAIRequestTests.call(
      overrides: ProviderOverrides(body: overrides), messages: [], parameters: #"{"seed":1}"#)
    #expect(String(decoding: try OpenAIDriver().wholeRequest(for: call, at: 0).body, as: UTF8.self) == body)
  }

  @Test(arguments: [
    ("[]", "{}", "{}", "overrides"), ("{", "{}", "{}", "overrides"),
    (#"{"stream":false}"#, "{}", "{}", "overrides.stream"),
    ("{}", "[]", "{}", "headers"), ("{}", #"{"a b":"c"}"#, "{}", "headers.a b"),
    ("{}", #"{"x":"a\r\nb"}"#, "{}", "headers.x"), ("{}", #"{"x":1}"#, "{}", "headers.x"),
    ("{}", #"{"Authorization":"x"}"#, "{}", "headers.Authorization"), ("{}", "{}", #"{"":"x"}"#, "query"),
    ("{}", "{}", #"{"x":[]}"#, "query.x"),
  ])
  func whatCannotBeSentIsNamed(body: String, headers: String, query: String, name: String) {
    do throws(ProviderError) {
      _ = try ProviderOverrides(body: body, headers: headers, query: query)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .misconfigured)
      #expect(error.cause.hasPrefix(name))
    }
  }
}
