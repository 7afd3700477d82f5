import Testing

@testable import Store

@Suite struct FIFOTests {
  @Test func `keeps the order over many turns, with some put back`() {
    var fifo = FIFO<Int>()
    var next = 0
    var expected = 0
    for turn in 0..<10_000 {
      for _ in 0..<(turn % 3) {
        fifo.append(next)
        next += 1
      }
      guard let first = fifo.popFirst() else { continue }
      #expect(first == expected)
      if turn % 7 == 0 { fifo.prepend(first) } else { expected += 1 }
    }
    #expect(fifo.count == next - expected && fifo.first == (fifo.isEmpty ? nil : expected))
  }
}
