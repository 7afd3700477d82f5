import EventLoop
import Testing

@testable import Service

@Suite struct TurnReadersTests {
  private let start = Instant(nanoseconds: 1_000_000_000_000)

  private func after(_ milliseconds: Int) -> Instant { start.advanced(milliseconds: milliseconds) }

  @Test func whoDoesAsItIsToldIsAReaderMeanwhile() {
    var readers = TurnReaders(now: start)
    #expect(readers.idle(at: after(500)) == 500)
    readers.asked(at: after(500), pause: 8_000)
    #expect(readers.idle(at: after(8_500)) == 0)
    #expect(readers.idle(at: after(9_500)) == 1_000)
  }

  @Test func anOpenStreamIsAReader() {
    var readers = TurnReaders(now: start)
    readers.streamOpened()
    #expect(readers.idle(at: after(60_000)) == 0)
    readers.streamEnded(at: after(60_000))
    #expect(readers.idle(at: after(61_000)) == 1_000)
  }

  @Test func ownersAreToldOnceInAWhileAsLongAsThereIsAReader() {
    var readers = TurnReaders(now: start)
    readers.asked(at: start, pause: 20_000)
    let told = stride(from: 0, through: 40_000, by: 1_000).filter {
      readers.takeNote(at: after($0), interval: 5_000)
    }
    #expect(told == [0, 5_000, 10_000, 15_000, 20_000])
  }
}
