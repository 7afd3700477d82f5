import EventLoop
import Glibc
import Testing

@testable import Service

@Suite(.serialized) struct ProcessFactsTests {
  @Test func theKernelsNumbersAreRead() throws {
    let facts = ProcessFacts.now()
    #expect(try #require(facts.residentMemory) > 1 << 20)
    #expect(facts.processorTime > 0)
    let now = Double(Instant.wall().nanoseconds) / 1e9
    let started = try #require(facts.started)
    #expect(started < now + 1 && started > now - 86_400)
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    #expect(facts.descriptorLimit == Int(clamping: limit.rlim_cur))
  }

  @Test func processorTimeGrows() {
    let before = ProcessFacts.now().processorTime
    var now = before
    while now < before + 0.01 { now = ProcessFacts.now().processorTime }
    #expect(now > before)
  }

  /// Other suites open and close descriptors at the same time: many more than they do.
  @Test func descriptorsAreCounted() throws {
    let before = try #require(ProcessFacts.now().openDescriptors)
    let opened = (0..<500).map { _ in open("/dev/null", O_RDONLY) }
    let after = try #require(ProcessFacts.now().openDescriptors)
    for descriptor in opened { close(descriptor) }
    #expect(opened.allSatisfy { $0 >= 0 })
    #expect((400...600).contains(after - before))
  }
}
