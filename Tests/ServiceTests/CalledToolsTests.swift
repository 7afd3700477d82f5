import Chat
import Providers
import Testing
import Wire

@testable import Service

@Suite struct CalledToolsTests {
  private let calls = CalledToolsTests.calls(offering: ["open", "close", "write"])

  private static func calls(offering names: [String], granted: [String]? = nil) -> CalledTools {
    let tools = names.map { ProviderTools.Tool(name: $0, description: "", schema: "{}", isStrict: false) }
    return CalledTools(offered: ProviderTools(tools), granted: granted)
  }

  private func add(_ text: String, to index: Int) {
    var text = text
    text.withUTF8 { calls.add(UnsafeRawBufferPointer($0), to: index) }
  }

  private var events: [String] { calls.events.map { String(decoding: $0, as: UTF8.self) } }

  @Test func theirPiecesMayComeMixed() {
    calls.begin(1, id: "b", name: "close")
    calls.begin(0, id: "a", name: "open")
    add(#"{"x""#, to: 0)
    add("{}", to: 1)
    add(":1}", to: 0)
    #expect(
      events == [
        #"{"type":"tool","id":"a","name":"open","arguments":"{\"x\":1}","status":"requested"}"#,
        #"{"type":"tool","id":"b","name":"close","arguments":"{}","status":"requested"}"#,
      ])
  }

  @Test func whatTheProviderLeavesOutIsFilledIn() {
    calls.begin(0, id: "", name: "open")
    add("no call's", to: 7)
    #expect(events == [#"{"type":"tool","id":"call_0","name":"open","arguments":"{}","status":"requested"}"#])
  }

  /// However long, and however much of it must be escaped.
  @Test(arguments: ["\u{1}", "ü", "👩‍👩‍👧", "a"]) func longOnesComeInEventsThatFitIntoChunks(_ character: String) throws {
    let arguments = String(repeating: character, count: 9_000)
    calls.begin(0, id: "a", name: "write")
    add(arguments, to: 0)
    let events = calls.events
    #expect(events.count > 8 && events.allSatisfy { $0.count < TurnLog.chunkLimit - 64 })
    var joined = ""
    for (place, event) in events.enumerated() {
      let document = try JSONDocument(parsing: event)
      joined += document.root["arguments"]?.string ?? ""
      let status = document.root["status"]?.string
      #expect(status == (place == events.count - 1 ? "requested" : "arriving"))
    }
    #expect(joined == arguments)
  }

  @Test func whatIsTooLongIsNotToldInPart() {
    calls.begin(0, id: "a", name: "write")
    add(String(repeating: "x", count: CalledTools.limit - 6), to: 0)
    #expect(!calls.isTooLong && !calls.events.isEmpty)
    add("x", to: 0)
    #expect(calls.isTooLong && calls.events.isEmpty)
  }

  @Test func anIdHasItsBoundToo() {
    calls.begin(0, id: String(repeating: "x", count: CalledTools.longestName), name: "")
    #expect(!calls.isTooLong && calls.isRefused)
    calls.begin(1, id: String(repeating: "x", count: CalledTools.longestName), name: "a")
    #expect(calls.isTooLong)
  }

  @Test(arguments: [
    (offered: ["open"], granted: nil, mayCall: true),
    (["open"], ["open", "close"], true),
    (["open"], ["close"], false),
    (["open"], [], false),
    (["close"], nil, false),
    ([], nil, false),
    ([], ["open"], false),
  ])
  func onlyWhatIsOfferedAndGrantedMayBeCalled(offered: [String], granted: [String]?, mayCall: Bool) {
    let calls = Self.calls(offering: offered, granted: granted)
    calls.begin(0, id: "a", name: "open")
    #expect(calls.isRefused != mayCall && calls.events.isEmpty != mayCall)
  }

  @Test func oneThatMayNotBeCalledHidesThoseThatMay() {
    calls.begin(0, id: "a", name: "open")
    calls.begin(1, id: "b", name: "Open")
    #expect(calls.isRefused && calls.events.isEmpty)
  }

  @Test func whoSpokeOfNoToolsHearsOfNone() {
    let calls = CalledTools(offered: nil, granted: nil)
    #expect(!calls.isRefused)
    calls.begin(0, id: "a", name: "open")
    #expect(calls.isRefused && calls.events.isEmpty)
  }
}
