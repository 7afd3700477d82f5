import Chat
import Testing

@testable import Store

/// How two identities become one, and what happens to those who come at the same moment.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .timeLimit(.minutes(2)))
struct LinkTests {
  private static let expires = 4_000_000_000

  @Test func `a code is used once, and only by a merge that comes about`() async throws {
    try await withSite { site in
      let store = LinkStore(site.app)
      let (code, other, third) = (ID.random(), ID.random(), ID.random())
      for id in [other, third] { try await AccessStore(site.app).create(identity: id) }
      func redeem(_ gone: ID, _ kept: ID) async throws -> LinkStore.Outcome {
        try await store.redeem(code: code, expires: Self.expires, gone: gone, kept: kept)
      }
      let live = site.ask("one", of: other)
      guard case .started = try await StartStore(site.app).start(live) else {
        Issue.record("not started")
        return
      }
      #expect(try await redeem(other, site.identity) == .busy)
      #expect(try await redeem(site.identity, site.identity) == .same)
      #expect(try await redeem(ID.random(), site.identity) == .outdated)
      try await site.answer(live, "1")
      #expect(try await redeem(other, site.identity) == .done)
      #expect(try await redeem(third, site.identity) == .used)
      #expect(try await RevocationStore(site.app).now(other) == site.identity)
      #expect(try await RevocationStore(site.app).now(third) == third)
      #expect(try await RevocationStore(site.app).now(ID.random()) == nil)
      #expect(try await TurnStore(site.app).read(live.turn)?.identity == site.identity)
      guard case .noIdentity = try await StartStore(site.app).start(site.ask("two", of: other)) else {
        Issue.record("nobody starts as who is gone")
        return
      }
    }
  }

  @Test func `a start that waits for a merge starts nothing as who is gone`() async throws {
    try await withSite(name: "sluice-test-late-as-gone") { site in
      let first = try await site.say("one", "1")
      let kept = ID.random()
      try await AccessStore(site.app).create(identity: kept)
      let late = site.ask("two", in: first.conversation, key: "late")
      let (merge, outcome) = try await site.queued(
        on: site.identity, of: "identity",
        {
          try await LinkStore(site.app).redeem(
            code: ID.random(), expires: Self.expires, gone: site.identity, kept: kept)
        }, { try await StartStore(site.app).start(late) })
      #expect(merge == .done)
      guard case .noIdentity = outcome else {
        Issue.record("\(outcome)")
        return
      }
      var again = late
      again.identity = kept
      guard case .started(_, let history, _) = try await StartStore(site.app).start(again) else {
        Issue.record("not started as who it is now")
        return
      }
      #expect(history.count == 3)
      #expect(try await site.value("select count(*) from sluice.turn where identity_id = $1::uuid", .id(kept)) == "2")
    }
  }

  @Test func `a merge that waits for a start finds its turn`() async throws {
    try await withSite(name: "sluice-test-late-merge") { site in
      let kept = ID.random()
      try await AccessStore(site.app).create(identity: kept)
      let start = site.ask("one")
      let (outcome, merge) = try await site.queued(
        on: site.identity, of: "identity", { try await StartStore(site.app).start(start) },
        {
          try await LinkStore(site.app).redeem(
            code: ID.random(), expires: Self.expires, gone: site.identity, kept: kept)
        })
      guard case .started = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(merge == .busy)
    }
  }

  @Test func `a trusted surface links whom nobody has seen and merges whom somebody has`() async throws {
    try await withSite { site in
      let store = LinkStore(site.app)
      let name = site.surface.description
      func assert(_ user: String, surface: String? = nil) async throws -> LinkStore.Assertion {
        try await store.assert(by: site.surface, of: site.identity, surface: surface ?? name, externalID: user)
      }
      #expect(try await assert("a") == .untrusted)
      try await site.change(
        "update sluice.surface set capabilities = capabilities || '{links}' where id = $1::uuid", .id(site.surface))
      #expect(try await assert("a", surface: "nowhere") == .noSurface)
      #expect(try await assert("a") == .linked)
      #expect(try await assert("a") == .merged(who: site.identity, .same))
      let other = try await AccessStore(site.app).link(surface: site.surface, externalUser: "b", fresh: ID.random())
      #expect(try await assert("b") == .merged(who: other, .done))
      let links = try await store.list(site.identity)
      #expect(links.map(\.surface) == [name, name] && Set(links.map(\.externalID)) == ["a", "b"])
      // Whoever comes by it is the person, and once it is taken back somebody new.
      let fresh = ID.random()
      #expect(
        try await AccessStore(site.app).link(surface: site.surface, externalUser: "b", fresh: fresh) == site.identity)
      #expect(try await store.unlink(other, surface: name, externalID: "b") == nil)
      #expect(try await store.unlink(site.identity, surface: name, externalID: "b") == site.surface)
      #expect(try await AccessStore(site.app).link(surface: site.surface, externalUser: "b", fresh: fresh) == fresh)
      // One who was merged meanwhile says nothing.
      #expect(
        try await store.assert(by: site.surface, of: other, surface: name, externalID: "new") == .outdated)
    }
  }

  @Test func `what was revoked and merged lately is read, and what has expired goes`() async throws {
    try await withSite { site in
      let store = RevocationStore(site.app)
      let (old, new, blocked, token) = (ID.random(), ID.random(), ID.random(), ID.random().description)
      for id in [old, new, blocked] { try await AccessStore(site.app).create(identity: id) }
      try await site.change(
        """
        insert into sluice.revocation (identity_id, jti, revoked_at, expires_at, created_at)
        values
          ($1::uuid, null, '2026-01-01T00:00:00.9Z', 'infinity', now() - interval '1 hour'),
          ($2::uuid, null, '2026-01-01T00:00:01.9Z', now() + interval '1 day', now()),
          ($3::uuid, null, 'infinity', 'infinity', now()),
          (null, $4, now(), now() + interval '1 day', now()),
          (null, 'expired ' || $4, now(), now() - interval '1 second', now())
        """, .id(old), .id(new), .id(blocked), .text(token))
      #expect(
        try await LinkStore(site.app).redeem(code: ID.random(), expires: Self.expires, gone: new, kept: old) == .done)
      let lately = try await store.read(seconds: 60, lifetime: 60, limit: 1_000)
      #expect(lately.revocations.contains(.identity(new, through: 1_767_225_601)))
      #expect(lately.revocations.contains(.identity(blocked, through: nil)))
      #expect(lately.revocations.contains(.token(token)))
      #expect(!lately.revocations.contains(.token("expired \(token)")))
      #expect(!lately.revocations.contains(.identity(old, through: 1_767_225_600)))
      #expect(lately.merges.contains(.init(gone: new, kept: old)))
      let all = try await store.read(seconds: nil, lifetime: 60, limit: 1_000)
      #expect(all.revocations.contains(.identity(old, through: 1_767_225_600)))
      #expect(try await store.read(seconds: nil, lifetime: 60, limit: 1).revocations.count == 1)
      _ = try await NodeStore(site.app).tidy()
      let count = "select count(*) from sluice.revocation where jti = $1"
      #expect(try await site.value(count, .text("expired \(token)")) == "0")
      #expect(try await site.value(count, .text(token)) == "1")
    }
  }
}
