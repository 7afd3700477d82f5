/// Reads AWS's event streams by the letter of the specification, and sums CRC-32 bit by bit: it shares nothing with
/// what writes them.
struct FrameReader {
  struct Frame: Equatable {
    let headers: [String: String]
    let payload: [UInt8]
  }

  struct Damaged: Error {}

  /// The whole frames, and how many bytes of one more are left over.
  static func read(_ bytes: [UInt8]) throws -> (frames: [Frame], rest: Int) {
    var frames: [Frame] = []
    var start = 0
    while bytes.count - start >= 16 {
      let total = number(bytes[start..<start + 4])
      guard total >= 16, total < 1 << 24 else { throw Damaged() }
      guard start + total <= bytes.count else { break }
      let frame = bytes[start..<start + total]
      let headersEnd = start + 12 + number(frame[(start + 4)..<(start + 8)])
      guard headersEnd <= frame.endIndex - 4, sum(frame.prefix(8)) == number(frame[(start + 8)..<(start + 12)]),
        sum(frame.dropLast(4)) == number(frame.suffix(4))
      else { throw Damaged() }
      frames.append(
        Frame(
          headers: try headers(frame[(start + 12)..<headersEnd]),
          payload: Array(frame[headersEnd..<(frame.endIndex - 4)])))
      start += total
    }
    return (frames, bytes.count - start)
  }

  private static func headers(_ bytes: ArraySlice<UInt8>) throws -> [String: String] {
    var headers: [String: String] = [:]
    var rest = bytes
    while let length = rest.popFirst() {
      let name = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
      rest = rest.dropFirst(Int(length))
      guard rest.popFirst() == 7 else { throw Damaged() }
      let size = number(rest.prefix(2))
      rest = rest.dropFirst(2)
      guard size <= rest.count else { throw Damaged() }
      headers[name] = String(decoding: rest.prefix(size), as: UTF8.self)
      rest = rest.dropFirst(size)
    }
    return headers
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  /// CRC-32 as in IEEE 802.3.
  static func sum(_ bytes: ArraySlice<UInt8>) -> Int {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return Int(~sum)
  }
}
