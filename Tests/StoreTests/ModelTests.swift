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
        try await store.list(surface: site.surface).filter { $0.name.hasPrefix(site.model) && $0.createdAt > 0 }
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
      #expect(try await store.list(surface: ID.random()).isEmpty)
      #expect(try await !store.list(surface: site.surface).isEmpty)
      try await site.change("update sluice.surface set enabled = false where id = $1::uuid", .id(site.surface))
      #expect(try await store.list(surface: site.surface).isEmpty)
    }
  }
}
