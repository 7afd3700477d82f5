import Chat
import Testing

@testable import Store

/// Limits at a start: each rule for each subject, at its edge, and what a start leaves that is refused or repeated.
@Suite(.enabled(if: TestServer.isThere, TestServer.absence), .serialized, .timeLimit(.minutes(2)))
struct LimitTests {
  enum Subject: String, CaseIterable { case identity, surface, role, model }

  @Test(arguments: StartStore.Limit.Rule.allCases, Subject.allCases)
  fileprivate func `a start is taken below a limit and refused at it`(
    rule: StartStore.Limit.Rule, subject: Subject
  ) async throws {
    try await withSite { site in
      try await site.price()
      try await site.limit(subject, rule, 2)
      try await site.inOneMinute {
        switch rule {
        case .requestsPerMinute: for _ in 0..<2 { try await site.spend(0) }
        case .concurrentTurns: for _ in 0..<2 { _ = try await site.begin() }
        // A token costs 1.
        case .tokensPerDay, .tokensPerMonth, .costPerDay, .costPerMonth:
          try await site.spend(1)
          try await site.spend(1)
        }
        let before = try await site.counts()
        let refused = site.ask("", key: "k-\(ID.random())")
        guard case .limited(let limit) = try await StartStore(site.app).start(refused) else {
          Issue.record("it was taken")
          return
        }
        #expect(limit.rule == rule && limit.subject == subject.rawValue)
        #expect((limit.seconds == 0) == (rule == .concurrentTurns))
        #expect(try await site.counts() == before)
        #expect(try await site.rows(of: refused.conversation) == [0, 0, 0, 0, 0])
        // A stranger is not of the identity, and not of its roles.
        let stranger = try await site.stranger()
        let other = try await StartStore(site.app).start(site.ask("", of: stranger))
        let isShared = subject == .surface || subject == .model
        if case .limited = other { #expect(isShared) } else { #expect(!isShared) }
      }
    }
  }

  @Test func `the tokens of the message itself must fit`() async throws {
    try await withSite { site in
      try await site.limit(.identity, .tokensPerDay, 4)
      guard case .limited = try await StartStore(site.app).start(site.ask("sixteen bytes are")) else {
        Issue.record("five tokens of four")
        return
      }
      let start = site.ask("eight by")
      guard case .started(let plan, _, let allowance) = try await StartStore(site.app).start(start) else {
        Issue.record("not started")
        return
      }
      #expect(plan.tokens == 4)
      #expect(allowance.tokens?.limit == 4 && allowance.tokens?.remaining == 4 && allowance.requests == nil)
    }
  }

  @Test func `of several limits all must hold, and the least is reserved`() async throws {
    try await withSite { site in
      try await site.limit(.identity, .tokensPerDay, 50_000)
      try await site.limit(.surface, .tokensPerMonth, 3_000)
      try await site.limit(.model, .concurrentTurns, 5)
      let start = try await site.begin()
      #expect(try await site.holds(of: start) == 3)
      // It has reserved all that the surface has, and may give it back at any time.
      guard case .limited(let limit) = try await StartStore(site.app).start(site.ask("")) else {
        Issue.record("nothing is left")
        return
      }
      #expect(limit.rule == .tokensPerMonth && limit.subject == "surface" && limit.seconds == 0 && !limit.lasts)
      #expect(limit.allowance.tokens?.limit == 3_000 && limit.allowance.tokens?.remaining == 0)
      try await site.answer(start, "1", usage: Usage(inputTokens: 3_000, outputTokens: 0))
      guard case .limited(let spent) = try await StartStore(site.app).start(site.ask("")) else {
        Issue.record("all is used")
        return
      }
      #expect(spent.seconds > 0)
    }
  }

  @Test func `a role's limit is each member's own`() async throws {
    try await withSite { site in
      try await site.limit(.role, .tokensPerDay, 10)
      let other = try await site.stranger()
      try await site.change(
        "insert into sluice.identity_role select $1::uuid, role_id from sluice.identity_role where identity_id = $2::uuid",
        .id(other), .id(site.identity))
      try await site.spend(10)
      guard case .limited = try await StartStore(site.app).start(site.ask("")),
        case .started = try await StartStore(site.app).start(site.ask("", of: other))
      else {
        Issue.record("one member's use is another's")
        return
      }
    }
  }

  @Test func `a repetition counts once, and is no second turn to its own limits`() async throws {
    try await withSite { site in
      try await site.limit(.identity, .requestsPerMinute, 1)
      try await site.limit(.surface, .concurrentTurns, 1)
      try await site.limit(.model, .tokensPerDay, 5_000)
      try await site.inOneMinute {
        let start = site.ask("")
        var tokens: [Int?] = []
        // As after an answer that never came.
        for _ in 0..<3 {
          guard case .started(let plan, _, _) = try await StartStore(site.app).start(start) else {
            Issue.record("its own first attempt stands in its way")
            return
          }
          tokens.append(plan.tokens)
        }
        #expect(tokens == [4_096, 4_096, 4_096])
        #expect(try await site.holds(of: start) == 3)
        #expect(
          try await site.value(
            "select sum(requests)::text from sluice.usage_counter where subject_id = $1::uuid", .id(site.identity))
            == "1")
        // Once it has ended, a late repetition gives back what it took.
        try await site.answer(start, "1")
        _ = try await StartStore(site.app).start(start)
        #expect(try await site.holds(of: start) == 0)
      }
    }
  }

  @Test func `the end of a turn counts what it used in place of what was reserved`() async throws {
    try await withSite { site in
      try await site.price()
      try await site.limit(.identity, .costPerDay, 10_000)
      let start = try await site.begin()
      #expect(
        try await site.value(
          "select tokens || ' ' || trunc(cost) from sluice.usage_hold where turn_id = $1::uuid", .id(start.turn))
          == "4096 4096")
      try await site.answer(start, "1", usage: Usage(inputTokens: 5, outputTokens: 3))
      #expect(try await site.holds(of: start) == 0)
      for period in ["day", "month"] {
        #expect(
          try await site.value(
            """
            select sum(tokens) || ' ' || trunc(sum(cost)) from sluice.usage_counter
            where subject_id = $1::uuid and period = $2
            """, .id(site.identity), .text(period)) == "8 8")
      }
    }
  }

  @Test func `a limit that is set counts what was used before`() async throws {
    try await withSite { site in
      try await site.spend(7)
      try await site.limit(.identity, .tokensPerDay, 8)
      guard case .started(let plan, _, _) = try await StartStore(site.app).start(site.ask("")) else {
        Issue.record("one token is left")
        return
      }
      #expect(plan.tokens == 1)
    }
  }

  // MARK: more in mid-turn

  @Test func `a turn gets what it asks for as long as its limits leave it, its own reservation aside`() async throws {
    try await withSite { site in
      try await site.limit(.identity, .tokensPerDay, 10_000)
      let start = try await site.begin()
      #expect(try await site.extend(start, to: 6_144) == .granted(6_144))
      #expect(try await site.extend(start, to: 6_144) == .granted(6_144))
      // Another one takes 3,856 at its start: what is left.
      let other = try await site.begin()
      #expect(try await site.extend(start, to: 8_000) == .granted(6_144))
      try await site.answer(other, "1", usage: Usage(inputTokens: 500, outputTokens: 500))
      #expect(try await site.extend(start, to: 12_000) == .granted(9_000))
      #expect(
        try await site.value("select tokens::text from sluice.usage_hold where turn_id = $1::uuid", .id(start.turn))
          == "9000")
      try await site.change("delete from sluice.usage_limit where identity_id = $1::uuid", .id(site.identity))
      #expect(try await site.extend(start, to: 12_000) == .granted(nil))
    }
  }

  @Test func `only its owner reserves for a turn, and only while it lives`() async throws {
    try await withSite { site in
      try await site.limit(.identity, .tokensPerDay, 10_000)
      let start = try await site.begin()
      #expect(try await site.extend(start, to: 6_000, by: ID.random()) == .fenced)
      let other = ID.random()
      try await site.change(
        """
        insert into sluice.node (incarnation, tag, host, version, lease_until)
        values ($1::uuid, 2, 'other', '0', now() + interval '1 hour')
        """, .id(other))
      #expect(try await site.extend(start, to: 6_000, by: other) == .notOurs)
      try await site.answer(start, "1")
      #expect(try await site.extend(start, to: 6_000) == .notOurs)
      #expect(try await site.holds(of: start) == 0)
    }
  }

  @Test func `reservations of turns that do not run and counts of times that are over are deleted`() async throws {
    try await withSite { site in
      try await site.limit(.identity, .requestsPerMinute, 10)
      let live = try await site.begin()
      let old = ID(unixMilliseconds: live.turn.unixMilliseconds - 61_000, tag: 1, random: .random(in: 0...UInt64.max))
      let young = ID.random()
      for turn in [old, young] {
        try await site.change(
          "insert into sluice.usage_hold (turn_id, subject_id) values ($1::uuid, $2::uuid)", .id(turn),
          .id(site.identity))
      }
      try await site.change(
        """
        insert into sluice.usage_counter (subject_id, period, starts_at, slot)
        select $1::uuid, period, date_trunc(period, now(), 'UTC') - age, 1
        from (values ('minute', interval '3 hours'), ('day', interval '1 day'), ('month', interval '1 month'),
          ('day', interval '2 days'), ('month', interval '2 months')) as made (period, age)
        """, .id(site.identity))
      try await UsageStore(site.app).tidy()
      let left = try await site.change(
        "select turn_id from sluice.usage_hold where subject_id = $1::uuid", .id(site.identity))
      #expect(Set((0..<left.count).compactMap { left.id($0, 0) }) == [live.turn, young])
      // The first of a day or a month is kept for an hour.
      let kept = try await site.value(
        """
        select count(*)::text from sluice.usage_counter
        where subject_id = $1::uuid and slot = 1 and starts_at < now() - case period
          when 'minute' then interval '2 hours' when 'day' then interval '26 hours' else interval '32 days' end
        """, .id(site.identity))
      #expect(kept == "0")
      #expect(
        try await site.value(
          "select count(*)::text from sluice.usage_counter where subject_id = $1::uuid and period = 'minute'",
          .id(site.identity)) == "1")
    }
  }
}

extension Site {
  /// A token costs 1, by a route of this site's own.
  fileprivate func price() async throws {
    try await change(
      """
      with made as (
        insert into sluice.price (driver, provider_model, valid_from, input, output)
        values ('openai', $1, now() - interval '1 hour', 1000000, 1000000)
      )
      update sluice.model_route set provider_model = $1
      from sluice.virtual_model m where m.id = model_id and m.name = $1
      """, .text(model))
  }

  /// Sets one rule for the subject, of which this site has one.
  fileprivate func limit(_ subject: LimitTests.Subject, _ rule: StartStore.Limit.Rule, _ most: Int) async throws {
    if subject == .role {
      try await change(
        """
        with made as (insert into sluice.role (name) values ($1) returning id)
        insert into sluice.identity_role (identity_id, role_id) select $2::uuid, id from made
        """, .text("r-\(identity)"), .id(identity))
    }
    try await change(
      """
      insert into sluice.usage_limit (\(subject.rawValue)_id, \(rule.rawValue))
      select case $1
        when 'identity' then $2::uuid
        when 'surface' then $3::uuid
        when 'role' then (select role_id from sluice.identity_role where identity_id = $2::uuid)
        else (select id from sluice.virtual_model where name = $4)
      end, \(most)
      """, .text(subject.rawValue), .id(identity), .id(surface), .text(model))
  }

  /// A start that must be taken.
  fileprivate func begin() async throws -> StartStore.Start {
    let start = ask("")
    guard case .started = try await StartStore(app).start(start) else {
      throw StoreError(.misuse, cause: "not started")
    }
    return start
  }

  /// A whole turn of so many tokens.
  fileprivate func spend(_ tokens: Int) async throws {
    try await answer(try await begin(), "1", usage: Usage(inputTokens: tokens, outputTokens: 0))
  }

  fileprivate func stranger() async throws -> ID {
    let id = ID.random()
    try await change("insert into sluice.identity (id, kind) values ($1::uuid, 'person')", .id(id))
    return id
  }

  /// Reservations of a start.
  fileprivate func holds(of start: StartStore.Start) async throws -> Int? {
    try await change("select count(*) from sluice.usage_hold where turn_id = $1::uuid", .id(start.turn)).int(0, 0)
  }

  /// Reservations, counted requests and conversations of this site.
  fileprivate func counts() async throws -> [Int?] {
    let rows = try await change(
      """
      with mine as (select $1::uuid as id union select $2::uuid union select id from sluice.virtual_model where name = $3)
      select
        (select count(*) from sluice.usage_hold where subject_id in (select id from mine)),
        (select coalesce(sum(requests), 0)::bigint from sluice.usage_counter where subject_id in (select id from mine)),
        (select count(*) from sluice.conversation where identity_id = $1::uuid)
      """, .id(identity), .id(surface), .text(model))
    return (0..<3).map { rows.int(0, $0) }
  }

  fileprivate func extend(
    _ start: StartStore.Start, to tokens: Int, by incarnation: ID? = nil
  ) async throws -> UsageStore.Verdict {
    let result = await withCheckedContinuation { continuation in
      UsageStore(app).extend(start.turn, to: tokens, incarnation: incarnation ?? node) {
        continuation.resume(returning: $0)
      }
    }
    return try result.get()
  }

  /// Waits for the next minute if this one is nearly over by PostgreSQL's clock, so that none passes within `body`.
  fileprivate func inOneMinute(_ body: () async throws -> Void) async throws {
    try await eventually {
      try await value("select (extract(second from clock_timestamp()) < 50)::text") == "true"
    }
    try await body()
  }
}
