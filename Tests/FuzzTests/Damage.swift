import TestSupport

/// Makes new inputs of known ones, the same in every run.
struct Damage {
  let seeds: [[UInt8]]
  let words: [[UInt8]]
  private var random: SplitMix

  private static let longest = 4_096

  init(_ target: any FuzzTarget.Type, seed: UInt64) throws {
    seeds = try target.seeds()
    words = target.words.map { Array($0.utf8) }
    random = SplitMix(seed: seed)
  }

  mutating func next() -> [UInt8] {
    var bytes = pick(seeds) ?? []
    for _ in 0..<Int.random(in: 1...5, using: &random) { change(&bytes) }
    return Array(bytes.prefix(Self.longest))
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = Int.random(in: 0...bytes.count, using: &random)
    let count = min(1 << Int.random(in: 0...6, using: &random), bytes.count - place)
    switch Int.random(in: 0..<8, using: &random) {
    case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
    case 3: bytes.removeSubrange(place..<(place + count))
    case 4: bytes.insert(contentsOf: bytes[place..<(place + count)], at: place)
    case 5: bytes.removeSubrange(place...)
    case 6: bytes.insert(contentsOf: pick(words) ?? [0], at: place)
    default:
      let other = pick(seeds) ?? []
      bytes.replaceSubrange(place..., with: other.suffix(Int.random(in: 0...other.count, using: &random)))
    }
  }

  private mutating func pick(_ choices: [[UInt8]]) -> [UInt8]? { choices.randomElement(using: &random) }
}
