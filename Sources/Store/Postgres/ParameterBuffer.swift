/// The parameters of one query laid out for libpq: one block of bytes, and an address, length and format for each.
/// Kept by a connection and filled anew for every query.
struct ParameterBuffer {
  private static let kept = 64 << 10

  private var bytes: [UInt8] = []
  /// Where each begins in `bytes`; -1 for NULL.
  private var offsets: [Int] = []
  private var lengths: [Int32] = []
  private var formats: [Int32] = []

  /// Calls `body` with the arrays that PQsendQueryParams takes. They are valid within `body` only.
  mutating func with<Result>(
    _ parameters: [Parameter],
    _ body: (
      _ count: Int32, _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
      _ formats: UnsafePointer<Int32>?
    ) -> Result
  ) -> Result {
    reset()
    for parameter in parameters { put(parameter) }
    defer { if bytes.capacity > Self.kept { bytes = [] } }
    return bytes.withUnsafeBufferPointer { block in
      block.withMemoryRebound(to: CChar.self) { block in
        let addresses = offsets.map { offset in offset < 0 ? nil : block.baseAddress.map { $0 + offset } }
        return body(Int32(parameters.count), addresses, lengths, formats)
      }
    }
  }

  private mutating func reset() {
    bytes.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    formats.removeAll(keepingCapacity: true)
  }

  private mutating func put(_ parameter: Parameter) {
    let offset = bytes.count
    var binary = false
    switch parameter.value {
    case .null: break
    case .text(let text): bytes.append(contentsOf: text.utf8)
    case .utf8(let text): bytes.append(contentsOf: text)
    case .int(let number): bytes.append(contentsOf: String(number).utf8)
    case .bool(let flag): bytes.append(flag ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    case .uuid(let high, let low):
      binary = true
      for half in [high, low] { withUnsafeBytes(of: half.bigEndian) { bytes.append(contentsOf: $0) } }
    case .binary(let value):
      binary = true
      bytes.append(contentsOf: value)
    }
    if case .null = parameter.value { offsets.append(-1) } else { offsets.append(offset) }
    lengths.append(Int32(bytes.count - offset))
    formats.append(binary ? 1 : 0)
    bytes.append(0)  // ends a text, and gives an empty one an address that is not NULL
  }
}
