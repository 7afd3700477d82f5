import Testing

@testable import sluice_sim

@Suite struct StreamsTests {
  @Test func theMostAtOnceIsKeptInAllAndByModel() {
    var streams = Streams()
    streams.begin("a")
    streams.begin("b")
    streams.end("a")
    streams.begin("b")
    streams.end("b")
    #expect(streams.count(model: nil) == Streams.Count(open: 1, max: 2))
    #expect(streams.count(model: "a") == Streams.Count(open: 0, max: 1))
    #expect(streams.count(model: "b") == Streams.Count(open: 1, max: 2))
    #expect(streams.count(model: "c") == Streams.Count())
  }

  @Test func clearingForgetsTheMostButNotWhatIsOpen() {
    var streams = Streams()
    for model in ["a", "a", "b"] { streams.begin(model) }
    for model in ["a", "b"] { streams.end(model) }
    streams.clear()
    #expect(streams.count(model: nil) == Streams.Count(open: 1, max: 1))
    #expect(streams.count(model: "a") == Streams.Count(open: 1, max: 1))
    streams.end("a")
    #expect(streams.count(model: "a") == Streams.Count(open: 0, max: 1))
  }

  @Test func beyondItsCapacityOnlyWhatIsOpenIsRemembered() {
    var streams = Streams()
    streams.begin("open")
    for number in 0..<Streams.capacity {
      streams.begin("m\(number)")
      streams.end("m\(number)")
    }
    #expect(streams.count(model: "open") == Streams.Count(open: 1, max: 1))
    #expect(streams.count(model: "m0") == Streams.Count())
    #expect(streams.count(model: "m\(Streams.capacity - 1)") == Streams.Count(open: 0, max: 1))
  }
}
