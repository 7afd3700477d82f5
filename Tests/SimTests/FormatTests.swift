import Foundation
import NIOCore
import Testing

@testable import sluice_sim

/// What all formats have in common.
@Suite struct FormatTests {
  private static func text(_ model: String) throws -> String {
    let text = try ScriptTests.script(model).reply.text
    return text.joined(first: text.count)
  }

  @Test(arguments: FormatCase.all, [true, false]) func theTextIsTheScripts(format: FormatCase, stream: Bool) throws {
    let model = "x;tokens=60;text=nul"
    let reading = format.ask(model, stream: stream)
    let said = try Saying(reading)
    #expect(Array(said.text.utf8) == Array(try Self.text(model).utf8))
    #expect(["stop", "end_turn", "completed", "STOP"].contains(said.finish))
    // Two roles, "Be brief." and "Hi there".
    #expect(said.promptTokens == 6)
    #expect(said.completionTokens == 60)
    #expect(said.reasoning.isEmpty && said.calls.isEmpty && said.signature.isEmpty)
    #expect(reading.cues.last?.action == .end(.completed))
    #expect(ScriptTests.tokens(reading.cues) == 60)
    if stream { #expect(try reading.items().rest == 0) }
  }

  @Test(arguments: FormatCase.all) func thePaceIsTheSame(format: FormatCase) throws {
    func times(_ format: FormatCase) -> [TimeAmount] {
      format.ask("x;tokens=9;delay=30;first=20;batch=2").cues.compactMap { cue in
        if case .write(_, let tokens) = cue.action, tokens > 0 { cue.at } else { nil }
      }
    }
    #expect(times(format) == times(.openai))
    #expect(times(format).count == 5)
    #expect(format.ask("x;tokens=9", stream: false).head != nil)
    #expect(format.ask("x;tokens=9", stream: false).cues.first?.at == .milliseconds(900))
  }

  @Test(arguments: FormatCase.all) func theAnswerTellsOfTheSameRequest(format: FormatCase) throws {
    #expect(
      try Saying(format.ask("x;history=1;images=1;text=echo", text: "\"one \\\"two\\\"\\n ünï\"")).text
        == "I see 2 messages. I see 0 images. one \"two\"\n ünï")
  }

  @Test(arguments: FormatCase.all, [true, false]) func reasoningAndCallsStandAroundTheText(
    format: FormatCase, stream: Bool
  ) throws {
    let said = try Saying(format.ask("x;tokens=4;reasoning=7;tools=3", stream: stream))
    let reply = try ScriptTests.script("x;tokens=4;reasoning=7;tools=3").reply
    #expect(said.text == "Some gates are raised")
    #expect(said.reasoning == reply.reasoning.joined(first: 7))
    #expect(said.calls.map(\.name) == ["gauge", "gauge", "gauge"])
    #expect(said.calls.map { $0.object["gate"] as? Int } == [1, 2, 3])
    #expect(said.calls.allSatisfy { $0.object["note"] as? String == "half \"open\", ½" })
    #expect(["tool_calls", "tool_use", "completed", "stop", "STOP"].contains(said.finish))
    #expect(said.completionTokens == reply.usage.completion)
    let isSigned = ["responses", "anthropic", "bedrock", "gemini"].contains(format.name)
    #expect(said.signature.hasSuffix("+/==") == isSigned)
    if !["ollama", "gemini"].contains(format.name) { #expect(Set(said.calls.map(\.id)).count == 3) }
  }

  @Test(arguments: FormatCase.all) func aStreamAndAWholeAnswerSayTheSame(format: FormatCase) throws {
    let model = "x;tokens=20;reasoning=3"
    #expect(try Saying(format.ask(model, stream: true)) == Saying(format.ask(model, stream: false)))
  }

  @Test(arguments: FormatCase.all, [(4096, ""), (70_000, ""), (70_000, ";fill=padding")])
  func theLongLineHasItsSize(format: FormatCase, line: (size: Int, fill: String)) throws {
    let (size, fill) = line
    let model = "x;tokens=1;line=\(size)\(fill)"
    let reading = format.ask(model)
    let line = LongLine(size: size, fill: fill.isEmpty ? .text : .padding).map { String(buffer: $0) }.joined()
    #expect(try Saying(reading).text == "Some" + line)
    if format.name == "bedrock" {
      let sizes = try reading.items().items.map { 16 + $0.data.count + 87 }
      #expect(sizes.contains(size))
    } else {
      let lines = reading.bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }).map(\.count)
      #expect(lines.contains(size))
    }
  }

  @Test(
    arguments: FormatCase.all,
    [
      ("cut", Cue.Action.cut), ("reset", .reset), ("eof", .end(.fault)), ("stall", .hold),
    ])
  func aFaultStrikesBetweenEventsOrWithinOne(format: FormatCase, fault: (word: String, action: Cue.Action)) throws {
    let between = format.ask("x;tokens=9;fault=\(fault.word);after=3")
    #expect(between.cues.last?.action == fault.action)
    #expect(try between.items().rest == 0)
    #expect(try Saying(between).text == "Some gates are")
    #expect(try Saying(between).finish.isEmpty)
    let within = format.ask("x;tokens=9;fault=\(fault.word);after=3;half=1;batch=4")
    #expect(within.cues.last?.action == fault.action)
    #expect(try within.items().rest > 20)
    #expect(try Saying(within).text == "Some gates are")
    #expect(ScriptTests.tokens(within.cues) == 3)
    #expect(try within.items().items.count == between.items().items.count)
  }

  @Test(arguments: FormatCase.all) func halfOfTheFirstEventMayBeAll(format: FormatCase) throws {
    let reading = format.ask("x;fault=cut;after=headers;half=1")
    #expect(try reading.items().items.isEmpty)
    #expect(reading.bytes.count > 10)
  }

  @Test(arguments: FormatCase.all) func garbageIsOneMoreEventAndNoJSON(format: FormatCase) throws {
    let reading = format.ask("x;tokens=9;fault=garbage;after=3")
    let items = try reading.items().items
    #expect(items.count { $0.json.isEmpty && $0.data != Array("[DONE]".utf8) } == 1)
    #expect(try Saying(reading) == Saying(format.ask("x;tokens=9")))
  }

  @Test(arguments: FormatCase.all) func withoutEndMarkOnlyTheLastIsMissing(format: FormatCase) throws {
    let whole = try format.ask("x;tokens=2").items().items.count
    let reading = format.ask("x;tokens=2;fault=nodone")
    #expect(try reading.items().items.count == (format.name == "gemini" ? whole : whole - 1))
    #expect(reading.cues.last?.action == .end(.fault))
  }

  @Test(arguments: FormatCase.all) func aTokenLimitCuts(format: FormatCase) throws {
    var dialect: (any Dialect)?
    dialect = Target(format.path("x", true)).dialect
    let script = try ScriptTests.script("x;tokens=9", limit: 2, dialect: try #require(dialect))
    let reading = Reading(name: format.name, stream: true, Answer(cues: script.cues(stream: true)))
    #expect(["length", "max_tokens", "incomplete", "MAX_TOKENS"].contains(try Saying(reading).finish))
    #expect(try Saying(reading).text == "Some gates")
  }

  @Test(arguments: FormatCase.all) func theJournalNamesTheFormat(format: FormatCase) throws {
    let journal = Journal()
    _ = format.ask("x;tokens=1", journal: journal)
    let entries = try JSONSerialization.jsonObject(with: Data(journal.json(model: "x;tokens=1").utf8))
    let entry = (entries as? [Reading.Object])?.first
    #expect(entry?["format"] as? String == format.name)
    #expect(entry?["stream"] as? Bool == true)
    #expect(entry?["authorization"] as? Bool == !["openai", "responses", "ollama"].contains(format.name))
  }

  @Test func anAnswerToResultsOfToolsCallsNoMore() throws {
    let body =
      #"{"model":"x;tools=2;tokens=1","max_tokens":9,"tools":[{"name":"a"},{"name":"b"}],"messages":["#
      + #"{"role":"user","content":"Hi"}"#
    let first = FormatCase.anthropic.ask("", stream: false, body: body + "]}")
    #expect(try Saying(first).calls.map(\.name) == ["a", "b"])
    let results = #",{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1"}]}]}"#
    #expect(try Saying(FormatCase.anthropic.ask("", stream: false, body: body + results)).calls.isEmpty)
  }
}
