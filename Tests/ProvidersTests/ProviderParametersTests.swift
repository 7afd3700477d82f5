import Providers
import Testing

@Suite struct ProviderParametersTests {
  @Test(arguments: [
    "{}", #"{"temperature":0}"#, #"{"temperature":2}"#, #"{"top_p":1}"#, #"{"max_tokens":1}"#, #"{"stop":"x"}"#,
    #"{"stop":["a","b"]}"#, #"{"seed":-1}"#, #"{"presence_penalty":-2,"frequency_penalty":2}"#,
    #"{"reasoning_effort":"low"}"#, #"{"response_format":{"type":"json_object"}}"#,
    #"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}}"#,
    #"{"temperature":null,"stop":null}"#,
  ])
  func acceptsWhatIsInBounds(_ json: String) throws {
    _ = try ProviderParameters(json: json)
  }

  @Test(arguments: [
    (#"{"temperature":2.1}"#, "temperature"), (#"{"temperature":"1"}"#, "temperature"), (#"{"top_p":0}"#, "top_p"),
    (#"{"max_tokens":0}"#, "max_tokens"), (#"{"max_tokens":1.5}"#, "max_tokens"),
    (#"{"max_tokens":99999999999999999999}"#, "parameters"), (#"{"stop":[]}"#, "stop"), (#"{"stop":""}"#, "stop"),
    (#"{"stop":["a",1]}"#, "stop"), (#"{"stop":{"a":"b"}}"#, "stop"), (#"{"seed":0.5}"#, "seed"),
    (#"{"reasoning_effort":"much"}"#, "reasoning_effort"),
    (#"{"response_format":{"type":"xml"}}"#, "response_format"), (#"{"response_format":"text"}"#, "response_format"),
    (#"{"response_format":{"type":"json_schema","json_schema":{"name":"a"}}}"#, "response_format"),
    (#"{"presence_penalty":3}"#, "presence_penalty"),
    (#"{"n":2}"#, "n"), ("[]", "parameters"), ("", "parameters"), (#"{"temperature":1"#, "parameters"),
  ])
  func namesWhatIsNot(_ json: String, key: String) {
    do throws(ProviderError) {
      _ = try ProviderParameters(json: json)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .misconfigured)
      #expect(error.cause.contains(key))
    }
  }
}
