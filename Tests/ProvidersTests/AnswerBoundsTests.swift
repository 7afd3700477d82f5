import Providers
import Testing

/// A stream without end that shows nothing to anybody must not fill the memory.
@Suite struct AnswerBoundsTests {
  /// The driver, how its stream goes on for ever, and how often that is too much.
  struct Endless: Sendable, CustomTestStringConvertible {
    let driver: any ProviderDriver
    let times: Int
    let piece: @Sendable (Int) -> String

    var testDescription: String { driver.name }
  }

  private static let mebibyte = String(repeating: "a", count: 1 << 20)

  static let streams = [
    Endless(driver: OpenAIDriver(), times: 2_000) {
      #"data: {"choices":[{"delta":{"tool_calls":[{"index":\#($0),"id":"c\#($0)","function":{"name":"f"}}]}}]}"#
        + "\n\n"
    },
    Endless(driver: AnthropicDriver(), times: 2_000) {
      #"data: {"type":"content_block_start","index":\#($0),"content_block":{"type":"thinking","thinking":""}}"# + "\n\n"
    },
    Endless(driver: ResponsesDriver(), times: 2_000) {
      #"data: {"type":"response.output_item.added","output_index":\#($0),"item":{"type":"function_call","#
        + #""call_id":"c\#($0)","name":"f"}}"# + "\n\n"
    },
    Endless(driver: OllamaDriver(), times: 20) { _ in #"{"message":{"thinking":"\#(mebibyte)"}}"# + "\n" },
    Endless(driver: ToyDriver(), times: 2_000) { #"{"call":["c\#($0)","f","{}"]}"# + "\n" },
  ]

  @Test(arguments: streams)
  func whatIsOnlyRememberedHasAnEnd(_ stream: Endless) {
    let pieces = (0..<stream.times).lazy.map { Array(stream.piece($0).utf8)[...] }
    #expect(Transcript(of: stream.driver, streaming: true, pieces).content.failure == .malformed)
  }
}
