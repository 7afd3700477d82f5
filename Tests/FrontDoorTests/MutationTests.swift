import FrontDoor
import TestSupport
import Testing

/// Requests with random damage: whatever comes, the door stands and the next one is served.
@Suite struct MutationTests {
  private static func damaged(_ request: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = request
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0..<max(1, bytes.count), using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0 where !bytes.isEmpty: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
      case 3: bytes = Array(bytes.prefix(place))
      default: bytes += bytes.dropFirst(place)
      }
    }
    return bytes
  }

  @Test(arguments: [Dialect.fastCGI, .scgi], 0..<6 as Range<UInt64>)
  func damageHurtsOnlyTheConnectionItComesOn(dialect: Dialect, seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let door = try Door(speaking: dialect, handle: ExchangeTests.echo)
    let request = dialect.request(
      "POST", "/x", query: "a=b", variables: [("HTTP_HOST", "h")], body: [UInt8](repeating: 66, count: 40))
    for round in 0..<150 {
      do {
        let server = try door.connect()
        var rest = Self.damaged(request, &random)[...]
        while !rest.isEmpty {
          let count = Int.random(in: 1...rest.count, using: &random)
          if !server.send(Array(rest.prefix(count))) { break }
          rest = rest.dropFirst(count)
        }
      }
      guard round % 10 == 0 else { continue }
      let server = try door.connect()
      server.send(request)
      #expect(server.receive()?.body == Array("post /x ".utf8) + [UInt8](repeating: 66, count: 40))
    }
    #expect(eventually { door.gauges.connections == 0 })
    #expect(door.gauges.parked == 0)
    #expect(door.gauges.refusals[.malformed] ?? 0 > 0)
  }
}
