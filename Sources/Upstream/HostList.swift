/// Hosts and networks, as an operator lists them.
package struct HostList: Sendable, Equatable {
  /// Lower case, without a dot at the end.
  private var names: Set<String> = []
  /// The same: these, and all below.
  private var domains: [String] = []
  private(set) var networks: [IPNetwork] = []
  private var hasAll = false

  /// Nobody.
  package init() {}

  /// `api.example.com` (that alone), `.example.com` (the domain and all below), `192.0.2.1` or `10.0.0.0/8`, separated
  /// by commas. Throws `refusedAddress` for a word that is none of these.
  package init(_ text: String) throws(TransferError) {
    for word in text.split(separator: ",").map(Self.trimmed) where !word.isEmpty {
      if let network = IPNetwork(word) {
        networks.append(network)
        continue
      }
      guard Self.isName(word) else {
        throw TransferError(.refusedAddress, cause: "`\(word)` is neither a host nor an address nor a network")
      }
      let name = Self.normal(word)
      if name.hasPrefix(".") { domains.append(String(name.dropFirst())) } else { names.insert(name) }
    }
  }

  /// As libcurl reads CURLOPT_NOPROXY: by commas or blanks, a name with all below it, `*` alone for all. What is none
  /// of these is passed over.
  package init(noProxy text: String) {
    hasAll = text == "*"
    for word in text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) {
      if let network = IPNetwork(word) {
        networks.append(network)
      } else {
        let name = Self.normal(word)
        domains.append(String(name.hasPrefix(".") ? name.dropFirst() : name[...]))
      }
    }
  }

  /// Whether the URL's host is in it, by its name or, if it is an address, by that.
  func contains(host: String) -> Bool {
    if hasAll { return true }
    if let address = IPAddress(host) { return contains(address) }
    let host = Self.normal(host)
    return names.contains(host) || domains.contains { host == $0 || host.hasSuffix("." + $0) }
  }

  func contains(_ address: IPAddress) -> Bool { hasAll || networks.contains { $0.contains(address) } }

  private static func normal(_ name: some StringProtocol) -> String {
    let name = name.lowercased()
    return name.hasSuffix(".") ? String(name.dropLast()) : name
  }

  private static func trimmed(_ word: Substring) -> Substring {
    let word = word.drop { $0.isWhitespace }
    return word.lastIndex { !$0.isWhitespace }.map { word[...$0] } ?? ""
  }

  /// Not what could be taken for an address, a port, a URL or a pattern.
  private static func isName(_ word: Substring) -> Bool {
    let labels = normal(word.hasPrefix(".") ? word.dropFirst() : word)
      .split(separator: ".", omittingEmptySubsequences: false)
    return labels.allSatisfy { label in
      !label.isEmpty
        && label.utf8.allSatisfy {
          $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2D || $0 == 0x5F || $0 >= 0x80
        }
    } && labels.last?.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } == false
  }
}
