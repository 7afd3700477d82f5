import Testing

@testable import Service

@Suite struct ClockCheckTests {
  /// Microseconds: asked at 0, answered `theirs`, after `took`.
  private func level(_ theirs: Int, took: Int) -> Finding.Level? {
    ClockCheck.findings(ClockCheck.Offset(asked: 0, took: took, theirs: theirs)).first?.level
  }

  @Test func theAnswerBelongsToTheMiddleOfTheRoundTrip() {
    #expect(ClockCheck.Offset(asked: 1_000, took: 400, theirs: 1_200).microseconds == 0)
  }

  @Test func itIsSlowToAccuse() {
    #expect(level(1_000_000, took: 0) == .ok)
    #expect(level(1_000_001, took: 0) == .warn)
    #expect(level(-1_000_001, took: 0) == .warn)
    #expect(level(60_000_001, took: 0) == .fail)
    // A slow network may have made all of it.
    #expect(level(3_900_000, took: 4_000_000) == .ok)
  }
}
