import Providers
import Testing
import Wire

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

  @Test func aClientsReplaceTheModelsOwnWithinItsTokens() throws {
    let own = try ProviderParameters(json: #"{"temperature":0.1,"seed":7,"max_tokens":20}"#)
    let asked = try ProviderParameters(json: #"{"temperature":2,"stop":["a"],"max_tokens":5}"#)
    #expect(own.replaced(by: asked).json == #"{"temperature":2,"max_tokens":5,"stop":["a"],"seed":7}"#)
    let more = try ProviderParameters(json: #"{"max_tokens":21}"#)
    #expect(own.replaced(by: more).json == own.json)
    #expect(ProviderParameters.none.replaced(by: more).json == more.json)
  }

  /// Whose fault it is, is told to whom it is.
  @Test func whatAProviderDoesNotTakeIsTheFaultOfWhoSetIt() throws {
    let own = try ProviderParameters(json: #"{"temperature":1.5}"#)
    func code(_ parameters: ProviderParameters) throws -> ProviderError.Code? {
      let route = ProviderRoute(endpoint: "https://a.example/v1", model: "m", credential: nil)
      let message = ProviderMessage(role: .user, text: "Hi")
      let call = ProviderCall(route: route, messages: [message], parameters: parameters, streaming: false)
      return #expect(throws: ProviderError.self) { try AnthropicDriver().request(for: call) }?.code
    }
    #expect(try code(own) == .misconfigured)
    #expect(try code(ProviderParameters.none.replaced(by: own)) == .refused)
  }

  @Test func oneIsSetOnlyWithinItsBounds() throws {
    let document = try JSONDocument(parsing: "[3,1]")
    var parameters = ProviderParameters.none
    let values = Array(document.root.elements)
    let (wrong, right) = (parameters.set(.temperature, to: values[0]), parameters.set(.temperature, to: values[1]))
    #expect(!wrong && right)
    #expect(parameters.json == #"{"temperature":1}"#)
  }
}
