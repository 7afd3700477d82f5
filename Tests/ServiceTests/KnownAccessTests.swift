import Chat
import Store
import Testing

@testable import Service

@Suite struct KnownAccessTests {
  private static func id(_ number: Int) -> ID { ID(high: 1, low: UInt64(number)) }

  /// The same by lists that are searched from end to end.
  private struct Model {
    var revocations: [RevocationStore.Revocation] = []
    var merges: [RevocationStore.Merge] = []

    func judge(_ identity: ID, issued: Int?, jti: String?) -> ID? {
      if let jti, revocations.contains(.token(jti)) { return nil }
      for case .identity(identity, let through) in revocations {
        guard let through else { return nil }
        if let issued, issued <= through + 5 { return nil }
      }
      guard let merge = merges.first(where: { $0.gone == identity }) else { return identity }
      return judge(merge.kept, issued: issued, jti: nil)
    }
  }

  @Test(arguments: 0..<200) func itJudgesAsAListWould(_ seed: Int) {
    var random = Seeded(seed)
    var known = KnownAccess(limit: 1_000)
    var model = Model()
    for _ in 0..<60 {
      let number = Int.random(in: 0..<12, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        let through = Bool.random(using: &random) ? Int.random(in: 0..<10, using: &random) : nil
        model.revocations.append(.identity(Self.id(number), through: through))
      case 1: model.revocations.append(.token("t\(number)"))
      case 2:
        // As in the database: into a larger one that is still there, from one that is.
        let gone = Self.id(number)
        let kept = Self.id(number + 1 + Int.random(in: 0..<4, using: &random))
        guard !model.merges.contains(where: { $0.gone == gone }) else { continue }
        model.merges.append(.init(gone: gone, kept: kept))
      default:
        let issued = Bool.random(using: &random) ? Int.random(in: 0..<20, using: &random) : nil
        let jti = Bool.random(using: &random) ? "t\(Int.random(in: 0..<12, using: &random))" : nil
        let verdict = known.judge(Self.id(number), issued: issued, jti: jti)
        #expect(verdict == model.judge(Self.id(number), issued: issued, jti: jti))
        continue
      }
      if let last = model.revocations.last { _ = known.put(last) }
      if let last = model.merges.last { _ = known.put(last) }
    }
    #expect(known.isEmpty == (model.revocations.isEmpty && model.merges.isEmpty))
  }

  @Test func theOldestGoesAtTheBound() {
    var known = KnownAccess(limit: 3)
    for number in 0..<3 {
      let isFull = known.put(.token("\(number)"))
      #expect(!isFull)
    }
    // One that is there is not new.
    let again = known.put(.token("0"))
    let one = known.put(.token("3"))
    #expect(!again && one && known.revocations == 3)
    #expect(known.judge(Self.id(1), issued: 1, jti: "0") == Self.id(1))
    #expect(known.judge(Self.id(1), issued: 1, jti: "1") == nil)
    for number in 4..<100 { _ = known.put(.token("\(number)")) }
    #expect(known.revocations == 3)
    #expect((0..<100).filter { known.judge(Self.id(1), issued: 1, jti: "\($0)") == nil } == [97, 98, 99])
  }

  @Test func identitiesThatBecameOneAnotherInACircleEndTheLook() {
    var known = KnownAccess(limit: 3)
    _ = known.put(.init(gone: Self.id(1), kept: Self.id(2)))
    _ = known.put(.init(gone: Self.id(2), kept: Self.id(1)))
    #expect(known.judge(Self.id(1), issued: 1, jti: nil) != nil)
    #expect([Self.id(1), Self.id(2)].contains(known.now(Self.id(1))))
  }
}

/// The same numbers for the same seed.
private struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
