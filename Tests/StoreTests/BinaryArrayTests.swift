import Testing

@testable import Store

@Suite struct BinaryArrayTests {
  private static func header(_ type: UInt8, _ high: UInt8 = 0, count: UInt8) -> [UInt8] {
    [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, high, type, 0, 0, 0, count, 0, 0, 0, 1]
  }

  @Test func `an empty array has no dimension`() {
    #expect(BinaryArray([Int32]()).bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23])
    #expect(BinaryArray([ArraySlice<UInt8>]()).bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25])
  }

  @Test func `numbers are big-endian, each behind its length`() {
    #expect(BinaryArray([Int16(1), -2]).bytes == Self.header(21, count: 2) + [0, 0, 0, 2, 0, 1, 0, 0, 0, 2, 255, 254])
    #expect(BinaryArray([Int32(258)]).bytes == Self.header(23, count: 1) + [0, 0, 0, 4, 0, 0, 1, 2])
    let ones = [UInt8](repeating: 255, count: 8)
    #expect(BinaryArray([Int64(-1)]).bytes == Self.header(20, count: 1) + [0, 0, 0, 8] + ones)
    #expect(BinaryArray([true, false]).bytes == Self.header(16, count: 2) + [0, 0, 0, 1, 1, 0, 0, 0, 1, 0])
  }

  @Test func `a uuid is its sixteen bytes`() {
    let array = BinaryArray([(0x0102_0304_0506_0708 as UInt64, 0x090A_0B0C_0D0E_0F10 as UInt64)])
    #expect(array.bytes == Self.header(0x86, 0x0B, count: 1) + [0, 0, 0, 16] + Array(1...16))
  }

  @Test func `texts are copied unescaped, an empty one too`() {
    let array = BinaryArray([Array("a\"\\".utf8)[...], [][...]])
    #expect(array.bytes == Self.header(25, count: 2) + [0, 0, 0, 3, 97, 34, 92, 0, 0, 0, 0])
  }
}
