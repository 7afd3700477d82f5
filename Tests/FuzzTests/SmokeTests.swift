import Testing

/// The bounded run: what `make fuzz` does for hours, for a moment and the same each time.
@Suite struct FuzzSmokeTests {
  @Test(arguments: FuzzTargets.all.map { $0.name })
  func whatHoldsForSeedsHoldsForDamagedOnes(target name: String) throws {
    let target = try #require(FuzzTargets.named(name))
    for input in try target.seeds() { judge(target, input) }
    var damage = try Damage(target, seed: Cut.hash(of: Array(name.utf8)))
    for _ in 0..<400 { judge(target, damage.next()) }
  }

  @Test(arguments: FuzzTargets.all.map { $0.name })
  func whatOnceBrokeIsMended(target name: String) throws {
    let target = try #require(FuzzTargets.named(name))
    for input in try Inputs.regressions(of: name) { judge(target, input.bytes) }
  }

  @Test func aCutLosesNothing() {
    let input = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
    for cut in Cut.allCases { #expect(cut.pieces(of: input).flatMap { $0 } == input) }
    #expect(Cut.everywhere.pieces(of: Array(input.prefix(100))).count == 100)
    #expect((2..<input.count).contains(Cut.somewhere.pieces(of: input).count))
    #expect(Cut.nowhere.pieces(of: input).count == 1)
  }

  private func judge(_ target: any FuzzTarget.Type, _ input: [UInt8]) {
    do { try target.check(input) } catch {
      Issue.record(
        "\(target.name): \(error) for \(String(reflecting: String(decoding: input, as: UTF8.self))) \(input)")
    }
  }
}
