/// How many tokens a message is taken for, before any provider has counted them.
package enum TokenEstimate {
  /// Bytes of UTF-8 to a token.
  static let bytesOfText = 4
  /// Tokens of an image, whatever its size.
  package static let image = 1_000

  /// `text`: bytes of all text parts together, in UTF-8.
  package static func of(text: Int, images: Int) -> Int {
    (text + bytesOfText - 1) / bytesOfText + images * image
  }
}
