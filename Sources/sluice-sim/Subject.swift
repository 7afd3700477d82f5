/// Reads the subject of an X.509 certificate (RFC 5280, section 4.1), which swift-nio-ssl does not tell.
enum Subject {
  /// `C=…,O=…,CN=…` in the order of the certificate; an attribute without a well-known short name goes by its object
  /// identifier in hexadecimal. nil if `der` is no certificate.
  static func text(der: [UInt8]) -> String? {
    var outer = DER(bytes: der[...])
    guard var certificate = outer.next()?.inside, var signed = certificate.next()?.inside else { return nil }
    // version [0], if it is not 1, serialNumber, signature, issuer, validity
    if signed.bytes.first == 0xA0 { _ = signed.next() }
    for _ in 0..<4 { guard signed.next() != nil else { return nil } }
    guard var name = signed.next()?.inside else { return nil }
    var attributes: [String] = []
    while var set = name.next()?.inside {
      while var attribute = set.next()?.inside {
        guard let type = attribute.next(), let value = attribute.next() else { return nil }
        attributes.append("\(shortName(type.content))=\(String(decoding: value.content, as: UTF8.self))")
      }
    }
    return attributes.joined(separator: ",")
  }

  /// RFC 4519's short name for an attribute type.
  private static func shortName(_ identifier: ArraySlice<UInt8>) -> String {
    switch Array(identifier) {
    case [0x55, 4, 3]: "CN"
    case [0x55, 4, 6]: "C"
    case [0x55, 4, 7]: "L"
    case [0x55, 4, 8]: "ST"
    case [0x55, 4, 10]: "O"
    case [0x55, 4, 11]: "OU"
    default: identifier.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  /// A row of elements in the distinguished encoding rules (X.690).
  private struct DER {
    var bytes: ArraySlice<UInt8>

    struct Element {
      let content: ArraySlice<UInt8>
      var inside: DER { DER(bytes: content) }
    }

    /// The next element; nil at the end, and where there is none.
    mutating func next() -> Element? {
      guard bytes.popFirst() != nil, let first = bytes.popFirst() else { return nil }
      var length = Int(first)
      if first >= 0x80 {
        length = 0
        for _ in 0..<(first & 0x7F) {
          guard let byte = bytes.popFirst(), length < 1 << 24 else { return nil }
          length = length << 8 | Int(byte)
        }
      }
      guard length <= bytes.count else { return nil }
      defer { bytes = bytes.dropFirst(length) }
      return Element(content: bytes.prefix(length))
    }
  }
}
