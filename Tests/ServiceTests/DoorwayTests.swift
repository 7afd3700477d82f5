import FrontDoor
import Store
import Testing

@testable import Service

@Suite struct DoorwayTests {
  private func refusal(_ doorway: Doorway, _ any: Capabilities) -> Refusal? {
    do throws(Refusal) { try doorway.require(any) } catch { return error }
    return nil
  }

  @Test func oneOfSeveralIsEnough() {
    let doorway = Doorway([.poll, .classic])
    #expect(refusal(doorway, .poll) == nil && refusal(doorway, [.sse, .poll]) == nil)
    #expect(refusal(doorway, .sse)?.code == .capabilityMissing)
    #expect(refusal(doorway, [.sse, .images])?.code == .capabilityMissing)
    #expect(refusal(Doorway([]), .poll)?.code == .capabilityMissing)
  }

  @Test func whoHoldsOnToItSeesItChange() {
    let doorway = Doorway(.poll)
    doorway.change(to: .sse)
    #expect(refusal(doorway, .poll)?.code == .capabilityMissing && refusal(doorway, .sse) == nil)
    doorway.change(to: nil)
    #expect(refusal(doorway, .sse)?.code == .surfaceDisabled)
    doorway.change(to: .sse)
    #expect(refusal(doorway, .sse) == nil)
  }

  @Test func theAnswerNamesWhatIsMissing() {
    let body = String(decoding: Refusal.missing([.sse, .poll]).response().body, as: UTF8.self)
    #expect(body.contains(#""capability":"poll""#) && body.contains("poll or sse"))
  }

  @Test func capabilitiesHaveTheWordsOfTheColumn() {
    let words = ["poll", "sse", "classic", "openai", "tools", "images", "links"]
    #expect(Capabilities(names: words).names == words)
    for word in words { #expect(Capabilities(names: [word]).names == [word]) }
    // From a schema newer than the program.
    #expect(Capabilities(names: ["fly", "sse"]) == .sse)
  }
}
