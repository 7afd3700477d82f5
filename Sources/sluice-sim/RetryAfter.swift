import Glibc

/// The `Retry-After` header of an error (RFC 9110, section 10.2.3).
enum RetryAfter: Equatable, Sendable {
  /// No such header.
  case none
  case seconds(Int)
  /// An HTTP-date this many seconds from now, or before now.
  case date(Int)

  /// `none`, `N`, `date+N` or `date-N`; nil for anything else, or for more than a day.
  init?(_ text: String) {
    let day = 86_400
    if text == "none" {
      self = .none
    } else if text.hasPrefix("date+") || text.hasPrefix("date-"), let seconds = Int(text.dropFirst(4)) {
      guard (-day...day).contains(seconds) else { return nil }
      self = .date(seconds)
    } else {
      guard let seconds = Int(text), (0...day).contains(seconds) else { return nil }
      self = .seconds(seconds)
    }
  }

  /// How long a client is told to wait.
  var seconds: Int {
    switch self {
    case .none: 0
    case .seconds(let seconds), .date(let seconds): max(0, seconds)
    }
  }

  /// The value of the header; nil if there is none.
  /// - Parameter now: seconds since 1970.
  func value(now: Int) -> String? {
    switch self {
    case .none: nil
    case .seconds(let seconds): String(seconds)
    case .date(let seconds): Self.date(now + seconds)
    }
  }

  /// IMF-fixdate (RFC 9110, section 5.6.7). The program never sets a locale, so the names are the C locale's: English.
  private static func date(_ seconds: Int) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      let count = strftime(buffer.baseAddress!, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
      return String(decoding: buffer[..<count].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
