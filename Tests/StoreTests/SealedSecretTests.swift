import Chat
import Testing

@testable import Store

/// Sealed secrets as operators and nodes read and replace them.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct SealedSecretTests {
  private static let first: [UInt8] = Array(0..<40)
  private static let second: [UInt8] = Array(100..<140)

  private func withCredential(_ body: (AdminStore, SealedSecret, Site) async throws -> Void) async throws {
    try await withSite { site in
      let secret = SealedSecret(id: .random(), name: "c-\(ID.random())", sealed: Self.first, key: "k1")
      try await site.change(
        "insert into sluice.credential (id, name, sealed, sealed_key) values ($1::uuid, $2, $3::bytea, 'k1')",
        .id(secret.id), .text(secret.name), .bytes(secret.sealed))
      try await withDatabase(TestServer.conninfo(user: "sluice_admin"), loops: 1, connections: 1) { admin in
        try await body(AdminStore(admin), secret, site)
      }
    }
  }

  private func stored(_ id: ID, in store: AdminStore) async throws -> SealedSecret? {
    try await store.sealedSecrets().first { $0.id == id }
  }

  @Test func `a secret is sealed anew unless somebody has changed it meanwhile`() async throws {
    try await withCredential { store, secret, _ in
      #expect(try await stored(secret.id, in: store)?.sealed == Self.first)
      #expect(try await store.reseal(secret, as: Self.second, key: "k2"))
      let found = try await stored(secret.id, in: store)
      #expect(found?.sealed == Self.second && found?.key == "k2" && found?.name == secret.name)
      #expect(try await !store.reseal(secret, as: Self.first, key: "k1"))
      #expect(try await stored(secret.id, in: store)?.sealed == Self.second)
    }
  }

  @Test func `a reference takes the place of what is sealed`() async throws {
    try await withCredential { store, secret, _ in
      var changes = AdminChanges()
      changes.set("reference", "env:A")
      changes.unset("sealed")
      changes.unset("sealed_key")
      let row = try await store.set(changes, id: secret.id, in: .credentials)
      #expect(row?.text("secret") == "env:A")
      #expect(try await stored(secret.id, in: store) == nil)
    }
  }

  @Test func `rows tell where a secret is and never what it is`() async throws {
    try await withCredential { store, secret, _ in
      let row = try await store.rows(.credentials).first { $0.text("id") == secret.id.description }
      #expect(row?.text("secret") == "sealed with k1")
      #expect(row?.members.contains { $0.key == "sealed" } == false)
    }
  }

  @Test func `a check reads what turns may ask for`() async throws {
    try await withCredential { _, secret, site in
      let check = CheckupStore(site.app)
      #expect(try await !check.sealedSecrets().contains { $0.id == secret.id })
      try await site.change(
        """
        update sluice.model_route set credential_id = $1::uuid
        where model_id = (select id from sluice.virtual_model where name = $2)
        """, .id(secret.id), .text(site.model))
      #expect(try await check.sealedSecrets().contains { $0.id == secret.id && $0.sealed == Self.first })
      #expect(try await check.routes().contains { $0.model == site.model && $0.driver == "openai" && $0.streams })
      try await site.configure(model: "enabled = false")
      #expect(try await !check.sealedSecrets().contains { $0.id == secret.id })
      #expect(try await !check.routes().contains { $0.model == site.model })
    }
  }
}
