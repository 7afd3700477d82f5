import Chat
import TestSupport
import Testing

/// Random lives of a turn; `TurnWorld` says what must hold in each step.
@Suite struct TurnModelTests {
  private static let delta = [1, 4, 30, 700]

  private func step(_ world: inout TurnWorld, _ random: inout SplitMix, longest: Int) {
    switch Int.random(in: 0..<24, using: &random) {
    case 0..<9:
      let length = Int.random(in: 0...(Self.delta.randomElement(using: &random) ?? 1), using: &random)
      world.text(Script.text(length, using: &random))
    case 9: world.text(String(repeating: "\"", count: Int.random(in: 0...longest, using: &random)))
    case 10, 11: world.aside(&random)
    case 23: world.pass(Int.random(in: 0...400, using: &random))
    case 12: world.report(&random)
    case 13..<17: world.beginFlush()
    case 17..<20: world.land()
    default: world.poll()
    }
  }

  private static func chunking(_ seed: UInt64) -> Chunking {
    let modes = Chunking.Mode.allCases
    return Chunking(modes[Int(seed / 5) % modes.count], bytes: seed % 3 == 0 ? 4_096 : 40)
  }

  @Test(arguments: [Turn.Durability.commit, .relaxed], 0..<80)
  func aTurnEndsOnceAndItsReaderHasItAll(durability: Turn.Durability, seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    var world = TurnWorld(
      durability: durability, chunking: Self.chunking(seed), limit: seed % 5 == 0 ? 100_000 : 8 << 20)
    let steps = Int.random(in: 0..<200, using: &random)
    let longest = seed % 2 == 0 ? 2_000 : 30_000
    for _ in 0..<steps { step(&world, &random, longest: longest) }
    world.end(Ending.all.randomElement(using: &random) ?? Ending.all[0])
    for _ in 0..<30 {
      step(&world, &random, longest: longest)
      if Int.random(in: 0..<6, using: &random) == 0 {
        world.end(Ending.all.randomElement(using: &random) ?? Ending.all[0])
      }
    }
    var rounds = 0
    while !world.hasSettled, rounds < 10 {
      world.beginFlush()
      world.land()
      rounds += 1
    }
    #expect(world.hasEnded)
    try world.conclude()
    // Nothing that is late changes it.
    let rows = world.rows
    for _ in 0..<20 { step(&world, &random, longest: 100) }
    world.lose()
    #expect(world.rows == rows)
    #expect(world.hasEnded)
  }

  @Test(arguments: [Turn.Durability.commit, .relaxed], 0..<40)
  func aLostTurnGivesNothingMore(durability: Turn.Durability, seed: UInt64) {
    var random = SplitMix(seed: seed &+ 1_000)
    var world = TurnWorld(durability: durability, chunking: Self.chunking(seed), limit: 8 << 20)
    for _ in 0..<Int.random(in: 0..<60, using: &random) { step(&world, &random, longest: 8_000) }
    if Bool.random(using: &random) { world.end(Ending.all.randomElement(using: &random) ?? Ending.all[0]) }
    for _ in 0..<Int.random(in: 0..<3, using: &random) { world.beginFlush() }
    world.lose()
    world.lose()
    let rows = world.rows
    for _ in 0..<40 { step(&world, &random, longest: 8_000) }
    world.end(Ending.all[0])
    #expect(world.isLost)
    #expect(!world.hasEnded)
    #expect(world.rows == rows)
  }
}
