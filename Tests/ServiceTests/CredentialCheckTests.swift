import Chat
import Testing

@testable import Service
@testable import Store

@Suite struct CredentialCheckTests {
  private static let line = "k1: 0123456789abcdef0123456789abcdef"
  private let id = ID(high: 0x1234, low: 0x5678)

  private func vault(_ lines: String?) throws -> CredentialVault {
    CredentialVault(keys: try lines.map { try KeyRing(parsing: $0) })
  }

  private func secret(for credential: String? = nil) throws -> SealedSecret {
    let (sealed, key) = try vault(Self.line).seal("hush", for: credential ?? id.description)
    return SealedSecret(id: id, name: "gateway", sealed: sealed, key: key)
  }

  @Test func whatOpensIsCounted() throws {
    let findings = CredentialCheck.findings([], sealed: [try secret()], vault: try vault(Self.line))
    #expect(findings == [.ok("credentials", "1 found")])
  }

  @Test(arguments: [nil, "k2: fedcba9876543210fedcba9876543210"])
  func theKeyThatIsMissingIsNamed(keys: String?) throws {
    let vault = try vault(keys)
    #expect(!vault.has(key: "k1"))
    let finding = try #require(CredentialCheck.findings([], sealed: [try secret()], vault: vault).first)
    #expect(finding.level == .fail)
    #expect(finding.text == "gateway: sealed with key k1, which is not in credential_keys here")
    #expect(finding.mend?.contains("the line of k1") == true)
  }

  @Test(arguments: ["k1: fedcba9876543210fedcba9876543210", line])
  func whatDoesNotOpenIsNamed(keys: String) throws {
    // Another key of that name, or the right key for another row.
    let secret = try secret(for: keys == Self.line ? "another" : nil)
    let finding = try #require(CredentialCheck.findings([], sealed: [secret], vault: try vault(keys)).first)
    #expect(finding.level == .fail && finding.text == "gateway: does not open with key k1")
    #expect(!"\(finding)".contains("hush"))
  }

  @Test func anOperatorAndANodeCallTheCredentialAlike() throws {
    let vault = try vault(Self.line)
    let secret = try secret()
    #expect(try vault.open(secret) == "hush")
    #expect(try vault.secret(.sealed(secret.sealed, key: secret.key), of: id.description) == "hush")
  }
}
