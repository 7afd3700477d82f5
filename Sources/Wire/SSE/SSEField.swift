import Glibc

/// What a line of an event stream says (WHATWG HTML, 9.2.6).
enum SSEField {
  /// The blank line that ends an event.
  case end
  case data(StreamBytes)
  case event(StreamBytes)
  case id(StreamBytes)
  case retry(StreamBytes)
  /// A comment or a field nobody knows.
  case ignored

  init(line: StreamBytes) {
    if line.count == 0 {
      self = .end
      return
    }
    let (name, value) = line.withBytes { bytes in
      let colon = bytes.baseAddress.flatMap { base in
        memchr(base, Int32(UInt8(ascii: ":")), bytes.count).map { UnsafeRawPointer($0) - base }
      }
      let name = Self.Name(UnsafeRawBufferPointer(rebasing: bytes[..<(colon ?? bytes.count)]))
      guard let colon else { return (name, bytes.count) }
      let hasSpace = colon + 1 < bytes.count && bytes[colon + 1] == UInt8(ascii: " ")
      return (name, colon + (hasSpace ? 2 : 1))
    }
    switch name {
    case .data: self = .data(line.dropping(value))
    case .event: self = .event(line.dropping(value))
    case .id: self = .id(line.dropping(value))
    case .retry: self = .retry(line.dropping(value))
    case nil: self = .ignored
    }
  }

  private enum Name {
    case data, event, id, retry

    init?(_ bytes: UnsafeRawBufferPointer) {
      if Self.equal(bytes, "data") {
        self = .data
      } else if Self.equal(bytes, "event") {
        self = .event
      } else if Self.equal(bytes, "id") {
        self = .id
      } else if Self.equal(bytes, "retry") {
        self = .retry
      } else {
        return nil
      }
    }

    private static func equal(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
      guard bytes.count == name.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
      return memcmp(base, name.utf8Start, bytes.count) == 0
    }
  }
}
