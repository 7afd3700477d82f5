import ArgumentParser
import Store
import Upstream

/// The columns of an issuer, for `add` and `set`.
struct IssuerColumns: ParsableArguments {
  @Option(help: ArgumentHelp("The claim `iss` of its tokens, byte for byte.", valueName: "text"))
  var issuer: String?

  @Option(help: ArgumentHelp("What the claim `aud` must be, or hold.", valueName: "text"))
  var audience: String?

  @Option(
    help: ArgumentHelp(
      "Accepted signature: EdDSA, ES256 or RS256 with --jwks; HS256, alone, with --secret. May be repeated.",
      valueName: "name"))
  var algorithm: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where its public keys are, a JSON Web Key Set: https://…, or file:/path on each node.", valueName: "url|file"))
  var jwks: String?

  @Option(
    help: ArgumentHelp(
      "Where each node finds the shared secret of HS256, 32 bytes or more: env:NAME or file:/path.",
      valueName: "reference"))
  var secret: String?

  @Option(help: ArgumentHelp("How far its clock may be off; 30, if a new one has none.", valueName: "seconds"))
  var clockSkewS: Int?

  @Option(
    help: ArgumentHelp("Longest life of a token that is accepted; 86400, if a new one has none.", valueName: "seconds"))
  var lifetimeS: Int?

  @Flag(inversion: .prefixedNo, help: "A token is good for one session request, and needs a `jti`.")
  var once: Bool?

  @Flag var enabling: Enabling?

  func validate() throws {
    if jwks != nil, secret != nil { throw ValidationError("--jwks and --secret exclude each other") }
  }

  /// Keys of one kind take the place of those of the other. Throws a usage error for a URL that no node would fetch.
  func write(to changes: inout AdminChanges) throws {
    // Not a word of it: somebody may have put a password in.
    if let jwks, jwks.utf8.starts(with: "http".utf8), UpstreamRequest.host(of: jwks) == nil {
      throw misuse("--jwks must be an https:// or http:// URL without user and password, or file:/path")
    }
    changes.set("issuer", issuer)
    changes.set("audience", audience)
    changes.set("algorithms", algorithm.isEmpty ? nil : algorithm)
    changes.set("jwks", jwks)
    changes.set("secret", secret)
    if jwks != nil { changes.unset("secret") }
    if secret != nil { changes.unset("jwks") }
    changes.set("clock_skew_s", clockSkewS)
    changes.set("lifetime_s", lifetimeS)
    changes.set("once", once)
    changes.set("enabled", enabling.map { $0 == .enable })
  }
}
