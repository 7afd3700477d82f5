import Chat
import Testing

@testable import Store

/// What a user of a surface can choose.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct ModelTests {
  /// But for when it was made.
  private struct Listed: Equatable {
    let name: String
    let title: String
    let streams: Bool
    let isDefault: Bool
  }

  @Test func `enabled models with an enabled route are listed by name`() async throws {
    try await withSite { site in
      let store = ModelStore(site.app)
      try await site.change(
        "insert into sluice.virtual_model (name, title, stream) values ($1 || '-2', 'Two', false)", .text(site.model))
      func listed() async throws -> [Listed] {
        try await store.list(for: site.identity, surface: site.surface).filter {
          $0.name.hasPrefix(site.model) && $0.createdAt > 0
        }
        .map { Listed(name: $0.name, title: $0.title, streams: $0.streams, isDefault: $0.isDefault) }
      }
      let one = Listed(name: site.model, title: "Title", streams: true, isDefault: false)
      #expect(try await listed() == [one])

      try await site.change(
        """
        insert into sluice.model_route (model_id, driver, provider_model, region)
        select id, 'openai', 'raw', region from sluice.virtual_model, (values ('http://a'), ('http://b')) as r (region)
        where name = $1 || '-2'
        """, .text(site.model))
      try await site.change(
        "update sluice.surface set default_model = $2 || '-2' where id = $1::uuid", .id(site.surface), .text(site.model)
      )
      let two = Listed(name: "\(site.model)-2", title: "Two", streams: false, isDefault: true)
      #expect(try await listed() == [one, two])

      try await site.configure(model: "enabled = false")
      #expect(try await listed() == [two])
      try await site.change(
        """
        update sluice.model_route set enabled = false
        from sluice.virtual_model m where m.id = model_id and m.name = $1 || '-2'
        """, .text(site.model))
      #expect(try await listed() == [])
    }
  }

  @Test func `a surface that is unknown or disabled lists none`() async throws {
    try await withSite { site in
      let store = ModelStore(site.app)
      #expect(try await store.list(for: site.identity, surface: ID.random()).isEmpty)
      #expect(try await !store.list(for: site.identity, surface: site.surface).isEmpty)
      try await site.change("update sluice.surface set enabled = false where id = $1::uuid", .id(site.surface))
      #expect(try await store.list(for: site.identity, surface: site.surface).isEmpty)
    }
  }

  @Test func `what no role grants is not listed`() async throws {
    try await withSite { site in
      let store = ModelStore(site.app)
      let (mine, surfaces) = (ID.random(), ID.random())
      func isListed(to identity: ID? = nil) async throws -> Bool {
        try await store.list(for: identity ?? site.identity, surface: site.surface).contains { $0.name == site.model }
      }
      for role in [mine, surfaces] {
        try await site.change("insert into sluice.role (id, name) values ($1::uuid, $1::text)", .id(role))
      }
      try await site.change(
        "update sluice.surface set role_id = $2::uuid, anonymous_role_id = null where id = $1::uuid", .id(site.surface),
        .id(surfaces))
      #expect(try await !isListed())

      let grant =
        "insert into sluice.role_model (role_id, model_id) select $1::uuid, id from sluice.virtual_model where name = $2"
      try await site.change(grant, .id(surfaces), .text(site.model))
      #expect(try await isListed())
      // Who is nobody in particular comes by another role.
      let visitor = ID.random()
      try await site.change("insert into sluice.identity (id, kind) values ($1::uuid, 'anonymous')", .id(visitor))
      #expect(try await !isListed(to: visitor))

      try await site.change("delete from sluice.role_model where role_id = $1::uuid", .id(surfaces))
      try await site.change("update sluice.role set all_models = true where id = $1::uuid", .id(mine))
      #expect(try await !isListed())
      for identity in [site.identity, visitor] {
        try await site.change(
          "insert into sluice.identity_role (identity_id, role_id) values ($1::uuid, $2::uuid)", .id(identity),
          .id(mine))
      }
      #expect(try await isListed())
      #expect(try await isListed(to: visitor))
    }
  }
}
