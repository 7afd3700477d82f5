import Chat
import EventLoop
import Testing

@testable import Service

struct WebTokenMemoryTests {
  private static func proof(ends: Int = .max) -> WebTokenProof {
    WebTokenProof(
      identity: ID.fresh(), surface: ID.fresh(), subject: "anna", issued: 0, ends: ends, id: nil, use: nil)
  }

  @Test func whatWasVerifiedIsKnownUntilItEnds() {
    let memory = WebTokenMemory()
    #expect(memory.recall("a.b.c") == nil)
    let proof = Self.proof()
    memory.remember("a.b.c", proof, under: memory.generation)
    let known = memory.recall("a.b.c")
    #expect(known?.proof.identity == proof.identity && known?.isFresh == true)
    #expect(memory.recall("a.b.d") == nil)
    let now = Int(Instant.wall().nanoseconds / 1_000_000_000)
    memory.remember("d.e.f", Self.proof(ends: now), under: memory.generation)
    #expect(memory.recall("d.e.f") == nil)
  }

  @Test func aLinkIsBelievedForAMinute() {
    let memory = WebTokenMemory()
    memory.remember("a.b.c", Self.proof(), under: memory.generation)
    let now = Instant.now()
    #expect(memory.recall("a.b.c", at: now.advanced(milliseconds: WebTokenMemory.linkMemory / 2))?.isFresh == true)
    #expect(memory.recall("a.b.c", at: now.advanced(milliseconds: WebTokenMemory.linkMemory))?.isFresh == false)
  }

  @Test func whatWasVerifiedByAKeyThatIsGoneIsForgotten() {
    let memory = WebTokenMemory()
    let before = memory.generation
    memory.remember("a.b.c", Self.proof(), under: before)
    memory.forget()
    #expect(memory.recall("a.b.c") == nil)
    // Verified before, and remembered too late.
    memory.remember("a.b.c", Self.proof(), under: before)
    #expect(memory.recall("a.b.c") == nil)
    memory.remember("a.b.c", Self.proof(), under: memory.generation)
    #expect(memory.recall("a.b.c") != nil)
  }

  @Test func itHasOnlySoManyPlaces() {
    let memory = WebTokenMemory()
    let texts = (0..<(2 * WebTokenMemory.places)).map { "a.b.\($0)" }
    for text in texts { memory.remember(text, Self.proof(), under: memory.generation) }
    let known = texts.filter { memory.recall($0) != nil }
    #expect(known.count <= WebTokenMemory.places && known.count > WebTokenMemory.places / 2)
  }
}
