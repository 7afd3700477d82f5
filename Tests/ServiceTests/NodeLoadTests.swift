import Testing

@testable import Service

@Suite struct NodeLoadTests {
  private func load(after seconds: [Double]) -> Double { seconds.reduce(0) { NodeLoad.next($0, busy: $1) } }

  @Test func whatANodeBearsStretchesNothing() {
    #expect(load(after: Array(repeating: 0.8, count: 60)) <= 1)
  }

  @Test func oneLongSecondChangesLittle() {
    #expect(load(after: [0.1, 1, 0.1]) <= 1.25)
  }

  @Test func overloadClimbsToItsBoundAndFallsBack() {
    let overloaded = Array(repeating: 1.0, count: 60)
    #expect(load(after: overloaded) == 4)
    #expect(load(after: overloaded + Array(repeating: 0.2, count: 30)) < 1)
  }
}
