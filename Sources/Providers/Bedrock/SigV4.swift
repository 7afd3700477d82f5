import Crypto

/// AWS Signature Version 4 in headers (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
/// for all services but S3, which treats the path in another way.
package struct SigV4: Sendable {
  private let key: AccessKey
  private let region: String
  private let service: String

  package init(_ key: AccessKey, region: String, service: String) {
    self.key = key
    self.region = region
    self.service = service
  }

  /// What to add to a request: `x-amz-date`, `x-amz-security-token` for a temporary key, `authorization`. All of `headers`
  /// is signed with it, and `host` as the URL has it. `url` is as it is sent; `time` is in seconds since 1970, and AWS
  /// refuses one more than five minutes off.
  package func headers(
    method: String, url: String, headers: [(name: String, value: String)], body: [UInt8], time: Int
  ) -> [(name: String, value: String)] {
    let timestamp = Self.timestamp(time)
    var added = [(name: "x-amz-date", value: timestamp)]
    if let token = key.sessionToken { added.append(("x-amz-security-token", token)) }
    let target = Target(url)
    let signed = Self.canonical(headers + [("host", target.host)] + added)
    let names = signed.map(\.name).joined(separator: ";")
    let request = """
      \(method)
      \(target.path)
      \(target.query)
      \(signed.map { "\($0.name):\($0.value)\n" }.joined())
      \(names)
      \(Self.hash(body))
      """
    let scope = "\(timestamp.prefix(8))/\(region)/\(service)/aws4_request"
    let text = "AWS4-HMAC-SHA256\n\(timestamp)\n\(scope)\n\(Self.hash(Array(request.utf8)))"
    var code = Array("AWS4\(key.secret)".utf8)
    for part in [String(timestamp.prefix(8)), region, service, "aws4_request", text] {
      code = Array(HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: SymmetricKey(data: code)))
    }
    let authorization =
      "AWS4-HMAC-SHA256 Credential=\(key.id)/\(scope), SignedHeaders=\(names), Signature=\(Self.hex(code))"
    return added + [("authorization", authorization)]
  }

  /// Sorted by name, in lower case, the values of one name joined in their order, white space trimmed and in runs made one
  /// space.
  private static func canonical(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
    var values: [String: [String]] = [:]
    for (name, value) in headers {
      let words = value.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r\n" }
      values[name.lowercased(), default: []].append(words.joined(separator: " "))
    }
    return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.joined(separator: ",")) }
  }

  private static func hash(_ bytes: [UInt8]) -> String { hex(SHA256.hash(data: bytes)) }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// `20150830T123600Z`, by the proleptic Gregorian calendar.
  static func timestamp(_ time: Int) -> String {
    let second = ((time % 86_400) + 86_400) % 86_400
    // Years begin in March here, so that the leap day is the last; 400 years have 146,097 days.
    let day = (time - second) / 86_400 + 719_468
    let era = (day >= 0 ? day : day - 146_096) / 146_097
    let dayOfEra = day - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    func digits(_ number: Int, _ count: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    return digits(year, 4) + digits(month, 2) + digits(dayOfYear - (153 * march + 2) / 5 + 1, 2) + "T"
      + digits(second / 3_600, 2) + digits(second / 60 % 60, 2) + digits(second % 60, 2) + "Z"
  }
}

extension SigV4 {
  /// The parts of a URL in their canonical form.
  private struct Target {
    /// With its port, unless that is the scheme's own.
    let host: String
    /// Without empty segments and dots, and escaped once more than it is sent.
    let path: String
    /// Parameters sorted.
    let query: String

    init(_ url: String) {
      let scheme = url.prefix { $0 != ":" }
      let location = url.dropFirst(scheme.count).drop { $0 == ":" || $0 == "/" }
      let authority = location.prefix { $0 != "/" && $0 != "?" }
      let rest = location.dropFirst(authority.count)
      let path = rest.prefix { $0 != "?" }
      host = Self.host(String(authority), scheme: scheme.lowercased())
      self.path = Self.path(String(path))
      query = Self.query(rest.dropFirst(path.count + 1))
    }

    private static func host(_ authority: String, scheme: String) -> String {
      let port = scheme == "https" ? ":443" : ":80"
      return authority.hasSuffix(port) ? String(authority.dropLast(port.count)) : authority
    }

    private static func path(_ path: String) -> String {
      var segments: [Substring] = []
      for segment in path.split(separator: "/") where segment != "." {
        if segment != ".." {
          segments.append(segment)
        } else if !segments.isEmpty {
          segments.removeLast()
        }
      }
      if segments.isEmpty { return "/" }
      let escaped = segments.map { "/" + PercentEncoding.encoded(String($0)) }.joined()
      return path.hasSuffix("/") ? escaped + "/" : escaped
    }

    private static func query(_ query: Substring) -> String {
      var pairs: [(name: String, value: String)] = []
      for pair in query.split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        pairs.append((canonical(parts[0]), parts.count > 1 ? canonical(parts[1]) : ""))
      }
      return pairs.sorted { $0 < $1 }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    private static func canonical(_ text: Substring) -> String {
      PercentEncoding.encoded(PercentEncoding.decoded(String(text)))
    }
  }
}
