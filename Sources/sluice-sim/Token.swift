/// One piece of answer text, the unit of a provider's delta.
struct Token: Equatable, Sendable {
  let text: String
  /// `text` as the inside of a JSON string, escaped once when the token is made.
  let json: [UInt8]

  init(_ text: String, spelling: JSONText.Spelling = .raw) {
    self.text = text
    json = JSONText.escaped(text, spelling)
  }

  /// Cuts `text` into words, each with the blanks before it, as tokenisers of models do.
  /// Joined they are `text` again, byte for byte.
  static func words(of text: String) -> [Token] {
    let bytes = Array(text.utf8)
    var tokens: [Token] = []
    var start = 0
    for index in bytes.indices.dropFirst() where isBlank(bytes[index]) && !isBlank(bytes[index - 1]) {
      tokens.append(Token(String(decoding: bytes[start..<index], as: UTF8.self)))
      start = index
    }
    if start < bytes.count { tokens.append(Token(String(decoding: bytes[start...], as: UTF8.self))) }
    return tokens
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }
}
