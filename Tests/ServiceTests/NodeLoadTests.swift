import Testing

@testable import Service

@Suite struct NodeLoadTests {
  private func load(after seconds: [NodeLoad.Strain]) -> Double { seconds.reduce(0) { NodeLoad.next($0, $1) } }

  private func load(after seconds: [Double]) -> Double { load(after: seconds.map { NodeLoad.Strain(busy: $0) }) }

  @Test func whatANodeBearsStretchesNothing() {
    #expect(load(after: Array(repeating: 0.8, count: 60)) <= 1)
    let strain = NodeLoad.Strain(busy: 0.8, lag: 100_000_000, processors: 0.8)
    #expect(load(after: Array(repeating: strain, count: 60)) <= 1)
  }

  @Test func oneLongSecondChangesLittle() {
    #expect(load(after: [0.1, 1, 0.1]) <= 1.25)
  }

  @Test(arguments: [
    NodeLoad.Strain(busy: 1), NodeLoad.Strain(lag: 150_000_000), NodeLoad.Strain(processors: 0.95),
    NodeLoad.Strain(busy: 1, lag: .max, processors: 1),
  ])
  func overloadOfAnyKindClimbsToItsBoundAndFallsBack(strain: NodeLoad.Strain) {
    let overloaded = Array(repeating: strain, count: 60)
    #expect(load(after: overloaded) == 4)
    #expect(load(after: overloaded + Array(repeating: NodeLoad.Strain(busy: 0.2), count: 30)) < 1)
  }
}
