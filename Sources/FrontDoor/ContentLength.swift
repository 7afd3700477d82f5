/// The value of Content-Length and the end of the head that it closes.
enum ContentLength {
  /// Digits of an Int and twice CR LF.
  static let maxCount = 19 + 4

  static func withText<Result>(of number: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: maxCount) { digits in
      var start = digits.count
      func prepend(_ byte: UInt8) {
        start -= 1
        digits[start] = byte
      }
      for byte in "\n\r\n\r".utf8 { prepend(byte) }
      var rest = number
      repeat {
        prepend(UInt8(ascii: "0") + UInt8(rest % 10))
        rest /= 10
      } while rest > 0
      return body(UnsafeBufferPointer(rebasing: digits[start...]))
    }
  }
}
