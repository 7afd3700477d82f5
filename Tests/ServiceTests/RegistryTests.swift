import Chat
import EventLoop
import Testing

@testable import Service

@Suite struct RegistryTests {
  private let loop: EventLoop
  private let registry = Registry(limit: 10)

  init() throws {
    loop = try EventLoop(name: "test")
    loop.start()
  }

  private func owned() throws -> LiveTurn {
    try LiveTurn.owned(loop: loop, meters: Meters(lanes: Lanes(loops: [loop])), arrived: .now())
  }

  @Test func anOwnTurnTakesThePlaceOfItsMirror() throws {
    let (mirror, turn) = (try LiveTurn.mirror(loop: loop), try owned())
    #expect(registry.add(mirror: mirror) === mirror)
    #expect(registry.add(owned: turn) === mirror)
    #expect(registry.find(turn.facts.id) === turn)
    // Whoever looked the turn up meanwhile gets the same.
    #expect(registry.add(mirror: try LiveTurn.mirror(loop: loop)) === turn)
    // And what the former mirror leaves behind does not disturb it.
    registry.remove(mirror)
    registry.retire(mirror)
    registry.sweep(at: Instant.now().advanced(milliseconds: 2 * Registry.linger))
    #expect(registry.find(turn.facts.id) === turn)
    #expect(registry.runs(turn.facts.id))
  }

  @Test func aTurnNobodyHasTakesNobodysPlace() throws {
    #expect(registry.add(owned: try owned()) == nil)
  }

  @Test func aMirrorThatIsDroppedIsFollowedNoLonger() throws {
    let mirror = try LiveTurn.mirror(loop: loop)
    #expect(mirror.mirrorPosition != nil)
    mirror.drop()
    #expect(mirror.mirrorPosition == nil)
  }
}
