/// Whether the name-value pairs in a request's PARAMS end where the PARAMS end (FastCGI specification 1.0, section 3.4).
///
/// libfcgi allocates what a pair's lengths claim, up to 2 GiB, before it looks for the bytes: so lengths that lie must
/// not get there.
struct PairScan {
  /// Bytes of the current name and value still to come.
  private var skip = 0
  /// Of the length being read: its value so far and how many bytes are missing.
  private var length = 0
  private var missing = 0
  /// Set between the two lengths of a pair.
  private var nameLength: Int?

  /// True for `request`, a whole one, whose pairs are whole.
  static func accepts(_ request: borrowing Span<UInt8>) -> Bool {
    var pairs = PairScan()
    var next = 0
    while let record = Record(in: request, at: next) {
      if record.kind == .params { pairs.advance(over: request, from: record.content, length: record.length) }
      next = record.end
    }
    return pairs.isWhole
  }

  private var isWhole: Bool { skip == 0 && missing == 0 && nameLength == nil }

  private mutating func advance(over bytes: borrowing Span<UInt8>, from start: Int, length count: Int) {
    var index = start
    let end = start + count
    while index < end {
      if skip > 0 {
        let step = min(skip, end - index)
        skip -= step
        index += step
        continue
      }
      let byte = bytes[index]
      index += 1
      if missing > 0 {
        length = length << 8 | Int(byte)
        missing -= 1
      } else if byte & 0x80 != 0 {
        length = Int(byte & 0x7F)
        missing = 3
      } else {
        length = Int(byte)
      }
      if missing == 0 { take(length) }
    }
  }

  private mutating func take(_ length: Int) {
    if let name = nameLength {
      skip = name + length
      nameLength = nil
    } else {
      nameLength = length
    }
  }
}
