import Store
import Upstream

/// Where an issuer's keys are read.
enum KeyPlace: Sendable, Equatable {
  case secret(reference: String)
  case file(KeyFile)
  case url(String)

  init(_ keys: IssuerStore.Issuer.Keys) {
    switch keys {
    case .secret(let reference): self = .secret(reference: reference)
    case .jwks(let place):
      self = place.utf8.starts(with: "file:".utf8) ? .file(KeyFile(path: String(place.dropFirst(5)))) : .url(place)
    }
  }

  /// What can be told of it: of a URL no more than scheme, host and port.
  var label: String {
    switch self {
    case .secret(let reference): reference
    case .file(let file): "file:\(file.path)"
    case .url(let url): UpstreamRequest.host(of: url) ?? "a URL that is refused"
    }
  }

  /// The file whose stamp tells whether it is worth reading again; nil for what has none.
  var file: KeyFile? {
    switch self {
    case .file(let file): file
    case .secret(let reference) where reference.utf8.starts(with: "file:".utf8):
      KeyFile(path: String(reference.dropFirst(5)))
    case .secret, .url: nil
    }
  }

  /// Reads and checks them. A shared secret has 32 bytes at least (RFC 7518, section 3.2).
  func read(by pool: UpstreamPool) async throws(KeyFault) -> VerifierSet {
    let keys: [WebKey]
    switch self {
    case .secret(let reference):
      guard let secret = CredentialSource.secret(of: reference) else {
        throw KeyFault(.unreachable, "it is not there, or empty")
      }
      guard secret.utf8.count >= 32 else { throw KeyFault(.malformed, "shorter than 32 bytes") }
      keys = [WebKey(.shared(Array(secret.utf8)))]
    case .file(let file): keys = try Self.keys(try file.read(limit: WebKeySet.byteLimit))
    case .url(let url): keys = try Self.keys(try await KeyFetch.bytes(of: url, by: pool))
    }
    guard let set = await VerifierSet(keys) else { throw KeyFault(.malformed, "none of its keys is one") }
    return set
  }

  private static func keys(_ json: [UInt8]) throws(KeyFault) -> [WebKey] {
    do { return try WebKeySet(json: json).keys } catch { throw KeyFault(.malformed, error.description) }
  }
}
