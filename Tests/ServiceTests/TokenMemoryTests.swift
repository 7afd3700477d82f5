import Chat
import Testing

@testable import Service

struct TokenMemoryTests {
  private static func ring(_ names: String...) throws -> KeyRing {
    try KeyRing(parsing: names.map { "\($0): \(String(repeating: $0, count: 32))" }.joined(separator: "\n"))
  }

  private static func token(_ keys: KeyRing) -> (token: Token, text: String) {
    let token = Token(.session, identity: ID.fresh(), subject: ID.fresh(), now: 1_000_000)
    return (token, token.signed(by: keys))
  }

  @Test func aTokenIsTheSameTheSecondTime() throws {
    let keys = try Self.ring("a")
    let memory = TokenMemory(keys: keys)
    let tokens = (0..<(2 * TokenMemory.places)).map { _ in Self.token(keys) }
    for _ in 0..<2 {
      for (token, text) in tokens { #expect(memory.verify(text) == token) }
    }
  }

  @Test func aForgedOneIsRefusedHoweverOftenItComes() throws {
    let memory = TokenMemory(keys: try Self.ring("a"))
    let (_, text) = Self.token(try KeyRing(parsing: "a: \(String(repeating: "b", count: 32))"))
    for _ in 0..<3 { #expect(memory.verify(text) == nil) }
  }

  @Test func whatOnlyFormerKeysSignedIsForgotten() throws {
    let former = try Self.ring("a")
    let memory = TokenMemory(keys: former)
    let (token, text) = Self.token(former)
    #expect(memory.verify(text) == token)
    memory.replace(keys: try Self.ring("b", "a"))
    #expect(memory.verify(text) == token)
    memory.replace(keys: try Self.ring("b"))
    #expect(memory.verify(text) == nil)
  }
}
