import Testing

@testable import Service
@testable import Store

@Suite struct CredentialVaultTests {
  private static let old = "old: 0123456789abcdef0123456789abcdef"
  private static let new = "new: fedcba9876543210fedcba9876543210"

  private func vault(_ lines: String...) throws -> CredentialVault {
    CredentialVault(keys: try KeyRing(parsing: lines.joined(separator: "\n")))
  }

  @Test func whatIsSealedOpensForItsCredentialOnly() throws {
    let vault = try vault(Self.old)
    let (sealed, key) = try vault.seal("sk-secret ö", for: "credential-1")
    #expect(key == "old")
    #expect(!String(decoding: sealed, as: UTF8.self).contains("secret"))
    #expect(try vault.secret(.sealed(sealed, key: key), of: "credential-1") == "sk-secret ö")
    #expect(throws: CredentialVault.Unavailable.self) {
      try vault.secret(.sealed(sealed, key: key), of: "credential-2")
    }
    for index in sealed.indices {
      var forged = sealed
      forged[index] ^= 1
      #expect(throws: CredentialVault.Unavailable.self) {
        try vault.secret(.sealed(forged, key: key), of: "credential-1")
      }
    }
    #expect(try vault.seal("sk-secret ö", for: "credential-1").sealed != sealed, "a nonce is used once")
  }

  @Test func theFirstKeySealsAndAllOpen() throws {
    let (sealed, key) = try vault(Self.old).seal("secret", for: "c")
    let both = try vault(Self.new, Self.old)
    #expect(try both.secret(.sealed(sealed, key: key), of: "c") == "secret")
    #expect(try both.seal("secret", for: "c").key == "new")
    #expect(both.sealing == "new")
    do {
      _ = try vault(Self.new).secret(.sealed(sealed, key: key), of: "c")
      Issue.record("opened")
    } catch {
      #expect("\(error)".contains("old") && !"\(error)".contains("secret"))
    }
  }

  @Test func withoutKeysNothingIsSealedOrOpened() throws {
    let vault = CredentialVault(keys: nil)
    #expect(throws: CredentialVault.Unavailable.self) { try vault.seal("secret", for: "c") }
    #expect(throws: CredentialVault.Unavailable.self) {
      try vault.secret(.sealed([UInt8](repeating: 0, count: 40), key: "k"), of: "c")
    }
    #expect(throws: CredentialVault.Unavailable.self) { try vault.secret(.reference("env:NOT_THERE_AT_ALL"), of: "c") }
  }
}
