/// Bytes of a stream: they lie in the decoder's input, uncopied, if they lay whole in it, and then are valid only until
/// that input goes.
package enum StreamBytes {
  case borrowed(UnsafeRawBufferPointer)
  case owned(ArraySlice<UInt8>)

  package var count: Int {
    switch self {
    case .borrowed(let bytes): bytes.count
    case .owned(let bytes): bytes.count
    }
  }

  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch self {
    case .borrowed(let bytes): try body(bytes)
    case .owned(let bytes): try bytes.span.withUnsafeBytes(body)
    }
  }

  static var empty: StreamBytes { .owned([]) }

  /// Without the first `count` bytes; nothing is copied.
  func dropping(_ count: Int) -> StreamBytes {
    switch self {
    case .borrowed(let bytes): .borrowed(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(count)))
    case .owned(let bytes): .owned(bytes.dropFirst(count))
    }
  }

  /// These bytes as what outlives the input.
  var kept: ArraySlice<UInt8> {
    switch self {
    case .borrowed(let bytes): ArraySlice(bytes)
    case .owned(let bytes): bytes
    }
  }

  /// Appends a line feed and `line`, in place if these bytes are owned already.
  mutating func join(_ line: StreamBytes) {
    var joined = kept
    self = .empty
    joined.append(0x0A)
    line.withBytes { joined.append(contentsOf: $0) }
    self = .owned(joined)
  }
}
