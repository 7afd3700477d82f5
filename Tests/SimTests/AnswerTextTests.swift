import FoundationEssentials
import NIOCore
import Testing

@testable import sluice_sim

@Suite struct AnswerTextTests {
  private static func text(_ model: String, user: String? = nil, limit: Int? = nil) throws -> AnswerText {
    let json = "{\"model\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\(JSONText.quoted(user ?? ""))}]}"
    let request = try OpenAIChat().request(ByteBuffer(string: json))
    return AnswerText(try Scenario(model: model, rate: 1), request: request, limit: limit)
  }

  @Test func theTextIsKnownForEver() throws {
    let text = try Self.text("x;tokens=12")
    #expect(text.joined(first: 12) == "Some gates are raised with a rack and pinion, others with a")
  }

  @Test func fixedIsEightBytesATokenForEver() throws {
    #expect(try Self.text("x;text=fixed;tokens=3").joined(first: 3) == "abcdefg abcdefg abcdefg ")
  }

  @Test(arguments: ["prose", "nasty", "nul"]) func theSameSeedGivesTheSameTextAndAPrefixOfTheLonger(kind: String) throws
  {
    let long = try Array(Self.text("x;tokens=500;seed=7;text=\(kind)"))
    #expect(long.count == 500)
    #expect(try Array(Self.text("x;tokens=500;seed=7;text=\(kind)")) == long)
    #expect(try Array(Self.text("x;tokens=90;seed=7;text=\(kind)")) == Array(long.prefix(90)))
    #expect(try Array(Self.text("x;tokens=500;seed=8;text=\(kind)")) != long)
  }

  @Test(arguments: ["", "Hi", "  two  words\n", "\r\n\ttabs \t", "ünï 漢字 👩🏽‍🚀 \u{2028}x"])
  func theEchoIsTheMessageByteForByte(message: String) throws {
    let text = try Self.text("x;text=echo", user: message)
    #expect(Array(text.joined(first: text.count).utf8) == Array(message.utf8))
  }

  @Test func tokensShortenAnEcho() throws {
    let text = try Self.text("x;text=echo;tokens=2", user: "one two three")
    #expect(text.joined(first: .max) == "one two")
    #expect(!text.isCut)
  }

  @Test func sentencesAboutTheRequestComeFirstAndDoNotCountAsText() throws {
    let text = try Self.text("x;history=1;text=echo", user: "Hi")
    #expect(text.joined(first: .max) == "I see 1 messages. Hi")
    #expect(try Self.text("x;history=1;tokens=10").count == 14)
    #expect(try Self.text("x;history=1;tokens=2").joined(first: .max) == "I see 1 messages. Some gates")
    #expect(try Self.text("x;history=1;tokens=0").joined(first: .max) == "I see 1 messages.")
    #expect(try Self.text("x;history=1;text=echo", user: "").joined(first: .max) == "I see 1 messages.")
  }

  @Test func theAnswerCountsImages() throws {
    let json = """
      {"model":"x","messages":[
        {"role":"system","content":"Be brief."},
        {"role":"user","content":[
          {"type":"text","text":"Look: "},
          {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
          {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},
          {"type":"text","text":"what is it?"}]}]}
      """
    let request = try OpenAIChat().request(ByteBuffer(string: json))
    func said(_ model: String) throws -> String {
      AnswerText(try Scenario(model: model, rate: 1), request: request, limit: nil).joined(first: .max)
    }
    #expect(try said("x;history=1;images=1;tokens=1") == "I see 2 messages. I see 2 images. Some")
    #expect(try said("x;images=1;text=echo") == "I see 2 images. Look: what is it?")
    #expect(try said("x;text=echo") == "Look: what is it?")
  }

  @Test func aLimitCutsAndSaysSo() throws {
    let cut = try Self.text("x;tokens=10", limit: 4)
    #expect(cut.isCut)
    #expect(Array(cut).count == 4)
    #expect(try !Self.text("x;tokens=10", limit: 10).isCut)
  }

  @Test func proseHasSentencesParagraphsAndMarkdown() throws {
    let text = try Self.text("x;tokens=2000").joined(first: .max)
    for mark in [". ", "\n\n", "```swift", "## ", "- the sill", "**spillway**", "| gate |"] {
      #expect(text.contains(mark))
    }
  }

  @Test func oneRoundOfNastyHasEveryTroubleAndTheDefaultLengthHoldsIt() throws {
    #expect(Trouble.count <= Scenario.defaultTokens)
    let tokens = try Array(Self.text("x;text=nasty;seed=5"))
    let bytes = tokens.flatMap(\.json)
    for spelling in [
      "\\ud83d\\ude00", "😀", "\\u2028", "\u{2028}", "\\u0001", "\\\"", "\\\\", "\\/", "\\r\\n", "[DONE]",
    ] {
      #expect(bytes.firstRange(of: Array(spelling.utf8)) != nil, "\(spelling)")
    }
    #expect(tokens.contains { $0.json.count > 16_384 })
    #expect(tokens.contains { $0.text.isEmpty })
    #expect(!tokens.contains { $0.text.unicodeScalars.contains("\u{0}") })
  }

  @Test func everyTokenIsTheInsideOfAJSONStringWithItsText() throws {
    for token in try Self.text("x;text=nul") {
      let json = Data("[\"".utf8) + token.json + Data("\"]".utf8)
      let decoded = try JSONDecoder().decode([String].self, from: json)
      #expect(decoded.map { Array($0.utf8) } == [Array(token.text.utf8)])
    }
  }
}
