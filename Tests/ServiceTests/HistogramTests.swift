import Dispatch
import EventLoop
import Testing

@testable import Service

@Suite struct HistogramTests {
  private let lanes = Lanes(loops: [])

  @Test(arguments: [Buckets.durations, .rows, .bytes])
  func aBoundBelongsToItsBucketAndWhatIsAboveToTheNext(_ buckets: Buckets) {
    var bound = buckets.least
    #expect(buckets.place(of: 0) == 0 && buckets.place(of: 1) == 0)
    for place in 0..<buckets.count {
      #expect(buckets.place(of: bound) == place)
      #expect(buckets.place(of: bound + 1) == place + 1)
      bound *= 2
    }
    #expect(buckets.place(of: .max) == buckets.count)
  }

  @Test func durationsAreShownInSeconds() {
    let bounds = Buckets.durations.bounds
    #expect(bounds.prefix(3) == [0.0001, 0.0002, 0.0004])
    #expect(bounds.last == 104.8576)
  }

  @Test func aReadingIsCumulative() {
    let histogram = Histogram(lanes, .rows)
    let lane = lanes.current
    histogram.observe(1, in: lane)
    histogram.observe(3, times: 2, in: lane)
    histogram.observe(1_000_000, in: lane)
    let reading = histogram.reading
    #expect(reading.cumulative.prefix(4) == [1, 1, 3, 3])
    #expect(reading.cumulative.suffix(2) == [3, 4])
    #expect(reading.sum == 1_000_007)
  }

  @Test func nothingIsLostBetweenLoopsAndOtherThreads() throws {
    let loops = try (0..<2).map { try EventLoop(name: "\($0)") }
    for loop in loops { loop.start() }
    let lanes = Lanes(loops: loops)
    let histogram = Histogram(lanes, .rows)
    let group = DispatchGroup()
    for loop in loops {
      group.enter()
      loop.submit {
        for _ in 0..<10_000 { histogram.observe(2, in: lanes.current) }
        group.leave()
      }
    }
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<10_000 { histogram.observe(2, in: lanes.current) }
    }
    group.wait()
    #expect(histogram.reading.cumulative.last == 60_000)
    #expect(histogram.reading.sum == 120_000)
    for loop in loops {
      loop.stop()
      loop.join()
    }
  }

  @Test func eachLoopHasALaneOfItsOwn() throws {
    let loops = try (0..<2).map { try EventLoop(name: "\($0)") }
    let lanes = Lanes(loops: loops)
    #expect(lanes.current == Lane(index: 2))
    for (index, loop) in loops.enumerated() {
      loop.start()
      let found = DispatchSemaphore(value: 0)
      loop.submit {
        #expect(lanes.current == Lane(index: index))
        found.signal()
      }
      found.wait()
      loop.stop()
      loop.join()
    }
  }
}
