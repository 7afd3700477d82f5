/// One message of an Amazon event stream, made without the decoder that is to read it: the checksum goes by half bytes
/// through a table that is written out.
package struct EventStreamFrame {
  package let bytes: [UInt8]

  /// `headers`: names and texts.
  package init(_ headers: [(String, String)], payload: [UInt8]) {
    var rawHeaders: [UInt8] = []
    for (name, value) in headers {
      rawHeaders.append(UInt8(name.utf8.count))
      rawHeaders += name.utf8
      rawHeaders.append(7)
      rawHeaders += Self.word(value.utf8.count).suffix(2)
      rawHeaders += value.utf8
    }
    self.init(rawHeaders: rawHeaders, payload: payload)
  }

  package init(rawHeaders: [UInt8], payload: [UInt8]) {
    var bytes = Self.word(16 + rawHeaders.count + payload.count) + Self.word(rawHeaders.count)
    bytes += Self.word(Int(Self.checksum(bytes)))
    bytes += rawHeaders
    bytes += payload
    bytes += Self.word(Int(Self.checksum(bytes)))
    self.bytes = bytes
  }

  package static func word(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  package static func checksum(_ bytes: [UInt8]) -> UInt32 {
    let table: [UInt32] = [
      0x0000_0000, 0x1DB7_1064, 0x3B6E_20C8, 0x26D9_30AC, 0x76DC_4190, 0x6B6B_51F4, 0x4DB2_6158, 0x5005_713C,
      0xEDB8_8320, 0xF00F_9344, 0xD6D6_A3E8, 0xCB61_B38C, 0x9B64_C2B0, 0x86D3_D2D4, 0xA00A_E278, 0xBDBD_F21C,
    ]
    return bytes.withUnsafeBufferPointer { bytes in
      table.withUnsafeBufferPointer { table in
        var rest = UInt32.max
        for byte in bytes {
          rest = table[Int((rest ^ UInt32(byte)) & 15)] ^ rest >> 4
          rest = table[Int((rest ^ UInt32(byte >> 4)) & 15)] ^ rest >> 4
        }
        return ~rest
      }
    }
  }
}
