import Chat
import EventLoop
import FrontDoor
import Providers
import Store
import Wire

/// Starts turns for whatever route asks, and answers in the form that it asks for.
struct Starts: Sendable {
  /// How a start is answered.
  enum Form: Sendable {
    /// At once, with what it takes to read the turn.
    case receipt
    /// With the whole answer, when it is there.
    case whole(any AnswerForm)
    /// With the events themselves.
    case stream(@Sendable (Receipt) -> any StreamForm)
  }

  /// What a request wants begun.
  struct Order: Sendable {
    /// A virtual model's name; nil for the surface's default.
    var model: String?
    /// Nil for a new one.
    var conversation: ID?
    /// Which message the new one follows.
    var after = StartStore.After.newest
    /// The message as JSON parts.
    var parts: [UInt8]
    var estimatedTokens: Int
    /// A JSON object.
    var metadata: [UInt8]
    /// What the client sent beside the message, if the turn does not go on with a conversation.
    var brought: BroughtRequest?
    /// Of the body: a repeated key must come with the same one.
    var hash: [UInt8]
    var form: Form
    /// What the surface must be able to do: of each of these, one.
    var needs: [Capabilities]
  }

  /// Who asked, and how the answer gets there.
  private struct Asked: Sendable {
    let way: Way
    let mount: String
    /// May turn out to be another one by now.
    var identity: ID
    let surface: ID
    let doorway: Doorway
    let origin: String?
    let exchange: Exchange
    let arrived: Instant
  }

  /// A form that can be had.
  private enum Way: Sendable {
    case receipt
    case whole(any AnswerForm)
    case stream(@Sendable (Receipt) -> any StreamForm, by: StreamPermit)
  }

  /// What a start that is not answered by the answer itself says.
  struct Receipt: Sendable {
    let facts: LiveTurn.Facts
    fileprivate let pass: TurnPass
    fileprivate let keys: KeyRing

    var json: [UInt8] {
      var writer = JSONWriter(capacity: 1_024)
      writer.beginObject()
      pass.write(to: &writer, keys: keys)
      writer.member("user_message", facts.userMessage.description)
      writer.endObject()
      return writer.bytes
    }
  }

  let gate: Gate
  let node: Node
  let registry: Registry
  let store: StartStore
  let finder: TurnFinder
  let starter: TurnStarter
  let parkings: [Parking]
  let streams: [Streams]
  let streamPermits: StreamPermits
  let isDraining: @Sendable () -> Bool

  /// Answers a request. `order`: what it wants, read once it is known who asks. `refusal`: a refusal as its door says it.
  func serve(
    _ request: Request, _ exchange: Exchange, refusal: @escaping @Sendable (Request, Refusal) -> Response,
    _ order: @escaping @Sendable (Request) throws(Refusal) -> Order
  ) {
    let arrived = Instant.now()
    Task {
      do throws(Refusal) {
        let (identity, surface, credential) = try await gate.session(of: request)
        let origin = try gate.origin(of: request, surface: surface)
        let doorway = gate.doorway(of: surface)
        let order = try order(request)
        for need in order.needs { try doorway.require(need) }
        let key = try request.checkedIdempotencyKey()
        let asked = Asked(
          way: try way(order.form, for: gate.isPerson(request) ? identity : nil, by: credential), mount: request.mount,
          identity: identity, surface: surface, doorway: doorway, origin: origin, exchange: exchange,
          arrived: arrived)
        try await begin(start(order, of: identity, on: surface, key: key), asked)
      } catch {
        gate.meters.starts.add(.refused, in: gate.meters.lane)
        exchange.reply(refusal(request, error))
      }
    }
  }

  /// Before anything is written: who gets no permit for its stream has not begun a turn. `person`: as
  /// `StreamPermits.take` has it.
  private func way(_ form: Form, for person: ID?, by credential: Credential) throws(Refusal) -> Way {
    switch form {
    case .receipt: .receipt
    case .whole(let form): .whole(form)
    case .stream(let form): .stream(form, by: try streamPermits.take(for: person, by: credential))
    }
  }

  /// The order with ids of its own.
  private func start(_ order: Order, of identity: ID, on surface: ID, key: String?) -> StartStore.Start {
    StartStore.Start(
      incarnation: node.incarnation, identity: identity, surface: surface, model: order.model,
      conversation: order.conversation ?? ID.fresh(), isNewConversation: order.conversation == nil,
      after: order.after, turn: ID.fresh(tag: node.tag), userMessage: ID.fresh(),
      assistantMessage: ID.fresh(later: 1), parts: order.parts, estimatedTokens: order.estimatedTokens,
      metadata: order.metadata, request: order.brought?.json, speaksOfTools: order.brought?.speaksOfTools ?? false,
      tools: order.brought?.tools.list.map(\.name) ?? [], key: key.map { ($0, order.hash) })
  }

  /// Replies in every case but those in which it throws.
  private func begin(_ start: StartStore.Start, _ asked: Asked) async throws(Refusal) {
    var (start, asked) = (start, asked)
    guard registry.reserve(start.turn) else {
      gate.meters.hit(.liveTurns)
      return try await answerWithoutPlace(start, asked)
    }
    defer { registry.settle(start.turn) }
    // The pool counts by itself which of its bounds was hit.
    guard let place = starter.reserve(model: start.model, surface: start.surface) else {
      return try await answerWithoutPlace(start, asked)
    }
    // After the reservation: a drain that begins now waits for this start.
    if isDraining() { throw .draining }
    guard node.holdsLease else { throw .unavailable }
    switch try await take(&start, &asked) {
    case .started(let plan, let history, let allowance):
      let facts = LiveTurn.Facts(
        id: start.turn, conversation: start.conversation, identity: start.identity, surface: start.surface,
        userMessage: start.userMessage, message: start.assistantMessage, pacer: Pacer(base: plan.pace),
        doorway: asked.doorway, arrived: asked.arrived, mayRestart: plan.restarts)
      gate.meters.starts.add(.started, in: gate.meters.lane)
      let turn = starter.begin(
        facts, model: start.model, plan: plan, history: history, brought: start.request,
        incarnation: start.incarnation, in: place)
      answer(
        asked, with: turn,
        headers: allowance.taken(tokens: start.estimatedTokens).headers(for: asked.origin))
    case .repeated(let turn, let sameBody): try await attach(asked, to: turn, sameBody: sameBody)
    case .busy: throw .overloaded
    case .noConversation: throw .notFound
    case .noModel: throw .noModel
    case .noTools: throw .noTools
    case .toolRefused: throw .toolRefused
    case .limited(let limit):
      gate.meters.limits.add(LimitRule(limit.rule), in: gate.meters.lane)
      throw .limited(limit)
    case .noMessage: throw .noMessage
    case .tooLong: throw .tooLong
    case .noIdentity: throw .badToken
    case .fenced:
      node.doubt()
      throw isDraining() ? .draining : .unavailable
    }
  }

  /// Throws 409 for a conversation with a live turn. One that ended between two statements leaves the conversation free
  /// for another try, and so does an identity that has become another one.
  private func take(
    _ start: inout StartStore.Start, _ asked: inout Asked
  ) async throws(Refusal) -> StartStore.Outcome {
    for _ in 0..<3 {
      let outcome: StartStore.Outcome
      do { outcome = try await store.start(start) } catch { throw Refusal(error) }
      switch outcome {
      case .busy(let turn): if let turn { try await refuse(asked, busyWith: turn) }
      case .noIdentity:
        guard let identity = try await successor(of: start.identity) else { return outcome }
        start.identity = identity
        asked.identity = identity
      default: return outcome
      }
    }
    return .busy(turn: nil)
  }

  /// Who an identity has become that was merged a moment ago; nil: nobody who may come in.
  private func successor(of identity: ID) async throws(Refusal) -> ID? {
    let now: ID?
    do { now = try await gate.memory.ask(identity) } catch { throw Refusal(error) }
    guard let now, now != identity else { return nil }
    return gate.memory.judge(now, issued: nil)
  }

  /// The node is full: what needs no place is answered all the same.
  private func answerWithoutPlace(_ start: StartStore.Start, _ asked: Asked) async throws(Refusal) {
    let known: StartStore.Outcome?
    do { known = try await store.known(start) } catch { throw Refusal(error) }
    switch known {
    case .repeated(let turn, let sameBody): try await attach(asked, to: turn, sameBody: sameBody)
    case .busy(let turn?):
      try await refuse(asked, busyWith: turn)
      throw .overloaded
    default: throw .overloaded
    }
  }

  // MARK: answers

  /// `headers`: what else a new turn's start is told.
  private func answer(_ asked: Asked, with turn: LiveTurn, headers: [(String, String)] = []) {
    let exchange = asked.exchange
    switch asked.way {
    case .receipt: accept(asked, turn.facts, epoch: turn.epoch, headers)
    case .whole(let plain):
      let form: any AnswerForm = headers.isEmpty ? plain : AllowedForm(form: plain, headers: headers)
      let ask = Ask(form: .whole(form), origin: asked.origin)
      let hold = max(1, form.hold - Instant.now().milliseconds(since: asked.arrived))
      exchange.loop.submit { parkings.of(exchange).answer(exchange, of: turn, ask: ask, hold: hold) }
    case .stream(let form, let permit):
      let epoch = turn.epoch
      let reader = StreamReader(
        form: form(receipt(asked, turn.facts, epoch: epoch)), cursor: Cursor(epoch: epoch, offset: 0))
      exchange.loop.submit {
        streams.of(exchange).open(
          exchange, of: .live(turn), for: reader, by: permit, origin: asked.origin, headers: headers)
      }
    }
  }

  private func answer(
    _ asked: Asked, with facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal
  ) async throws(Refusal) {
    switch asked.way {
    case .receipt: accept(asked, facts, epoch: row.epoch)
    case .whole(let form):
      let log = try await finder.log(facts, row)
      asked.exchange.reply(form.answer(facts, terminal, log, origin: asked.origin))
    case .stream(let form, let permit):
      let exchange = asked.exchange
      let reader = StreamReader(
        form: form(receipt(asked, facts, epoch: row.epoch)), cursor: Cursor(epoch: row.epoch, offset: 0))
      let stored = StoredLog(facts, row, terminal, finder: finder)
      exchange.loop.submit {
        streams.of(exchange).open(exchange, of: .stored(stored), for: reader, by: permit, origin: asked.origin)
      }
    }
  }

  private func accept(
    _ asked: Asked, _ facts: LiveTurn.Facts, epoch: Int, _ headers: [(String, String)] = []
  ) {
    asked.exchange.reply(
      Response(
        status: 202, headers: CrossOrigin.headers(for: asked.origin) + headers,
        body: receipt(asked, facts, epoch: epoch).json))
  }

  private func receipt(_ asked: Asked, _ facts: LiveTurn.Facts, epoch: Int) -> Receipt {
    let pass = TurnPass(
      turn: facts.id, conversation: facts.conversation, identity: asked.identity, epoch: epoch, mount: asked.mount)
    return Receipt(facts: facts, pass: pass, keys: gate.keys)
  }

  /// A repeated key: the same turn, in the form this request asks for.
  private func attach(_ asked: Asked, to id: ID, sameBody: Bool) async throws(Refusal) {
    guard sameBody else {
      throw Refusal(422, .keyReused, "This Idempotency-Key was used with another body.")
    }
    if let turn = registry.find(id) {
      answer(asked, with: turn)
    } else {
      switch try await finder.find(id, for: .identity(asked.identity, surface: asked.surface)) {
      case .live(let turn): answer(asked, with: turn)
      case .ended(let facts, let row, let terminal): try await answer(asked, with: facts, row, terminal)
      }
    }
    gate.meters.starts.add(.repeated, in: gate.meters.lane)
  }

  /// Throws 409; returns if the turn has ended meanwhile.
  private func refuse(_ asked: Asked, busyWith id: ID) async throws(Refusal) {
    guard let pass = try await finder.pass(to: id, of: asked.identity, mount: asked.mount) else { return }
    throw .turnInProgress(pass, keys: gate.keys)
  }
}
