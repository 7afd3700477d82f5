import Chat
import TestSupport
import Testing

@Suite struct IDTests {
  @Test func aVersion7IdIsLaidOutAsRFC9562SaysWithTheTagBehindTheVersion() {
    // The RFC's own example, appendix A.6: rand_a stands where the tag is.
    let id = ID(unixMilliseconds: 0x017F_22E2_79B0, tag: 0xCC3, random: 0x18C4_DC0C_0C07_398F)
    #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    #expect(id.unixMilliseconds == 1_645_557_742_000)
    #expect(id.tag == 0xCC3)
  }

  @Test func versionAndVariantStandWhateverTagAndRandomBitsAre() {
    var random = SplitMix(seed: 3)
    for _ in 0..<1_000 {
      let (milliseconds, tag) = (random.next() >> 16, UInt16.random(in: 0...0xFFF, using: &random))
      let id = ID(unixMilliseconds: milliseconds, tag: tag, random: random.next())
      #expect(id.high >> 12 & 0xF == 7)
      #expect(id.low >> 62 == 0b10)
      #expect(id.unixMilliseconds == milliseconds)
      #expect(id.tag == tag)
    }
    #expect(ID(unixMilliseconds: 1, tag: 0xFFFF, random: .max).tag == 0xFFF)
  }

  @Test func printsAndParsesBackInEitherCase() throws {
    var random = SplitMix(seed: 4)
    for _ in 0..<1_000 {
      let id = ID(high: random.next(), low: random.next())
      #expect(id.description.utf8.count == 36)
      #expect(id.description == id.description.lowercased())
      #expect(ID(id.description) == id)
      #expect(ID(id.description.uppercased()) == id)
    }
    #expect(ID("00000000-0000-0000-0000-000000000000") == ID(high: 0, low: 0))
    #expect(ID("FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF") == ID(high: .max, low: .max))
  }

  @Test(arguments: [
    "", "0", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
    "017f22e279b07cc398c4dc0c0c07398f", "017f22e2_79b0_7cc3_98c4_dc0c0c07398f",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc3-98c4-dc0c0c07398 ",
    " 17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
    "017f22e27-9b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4dc0c-0c07398f",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398-", "-17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "017f22e2-79b0-7cc3-98c4-dc0c0c0739８", "017f22e2-79b0-7cc3-98c4-dc0c0c073é",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n", "017f22e2-79b0-7cc3-98c4-dc0c0c07398\0",
    "0x7f22e2-79b0-7cc3-98c4-dc0c0c07398f", "+17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
  ])
  func refusesWhatIsNoUUID(text: String) { #expect(ID(text) == nil) }

  @Test func refusesAnyByteButADigitOrADashInItsPlace() {
    let good = Array("017f22e2-79b0-7cc3-98c4-dc0c0c07398f".utf8)
    for place in good.indices {
      for byte in UInt8(0)..<0x80 {
        var bytes = good
        bytes[place] = byte
        let isHex = UnicodeScalar(byte).properties.isASCIIHexDigit
        let fits = good[place] == 0x2D ? byte == 0x2D : isHex
        #expect((ID(String(decoding: bytes, as: UTF8.self)) != nil) == fits)
      }
    }
  }

  @Test func theSlotIsTheDayModulo8() {
    let day: UInt64 = 86_400_000
    for number in UInt64(20_000)..<20_020 {
      let expected = Int16(number % 8)
      #expect(ID(unixMilliseconds: number * day, tag: 0, random: 0).slot == expected)
      #expect(ID(unixMilliseconds: (number + 1) * day - 1, tag: 0xFFF, random: .max).slot == expected)
    }
    #expect((0..<8).contains(ID(high: .max, low: .max).slot))
  }

  @Test func idsSortByTimeThenAsTheirTextsDo() {
    var random = SplitMix(seed: 5)
    let ids = (0..<500).map { _ in
      ID(unixMilliseconds: .random(in: 0..<50, using: &random), tag: 7, random: random.next())
    }.sorted()
    #expect(ids.map(\.unixMilliseconds) == ids.map(\.unixMilliseconds).sorted())
    #expect(ids.map(\.description) == ids.map(\.description).sorted())
    #expect(!(ids[0] < ids[0]))
  }
}
