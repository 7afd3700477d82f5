import Chat
import FrontDoor
import Store
import Wire

/// `POST /chat/{turn}/cancel`: idempotent, on any node. An own turn is ended at once, another's owner finds the request
/// in the turn's row within 500 ms.
struct CancelRoute: Sendable {
  let gate: Gate
  let registry: Registry
  let store: TurnStore

  func handle(_ request: Request, _ captured: String, _ exchange: Exchange) {
    Task {
      do throws(Refusal) {
        exchange.reply(try await cancel(request, captured))
      } catch {
        gate.meters.cancels.add(.refused, in: gate.meters.lane)
        exchange.reply(gate.response(to: request, refusing: error))
      }
    }
  }

  private func cancel(_ request: Request, _ captured: String) async throws(Refusal) -> Response {
    let principal = try await gate.admit(request).principal
    if case .turn(_, _, readOnly: true) = principal { throw .readOnly }
    guard let id = ID(captured), principal.mayKnow(turn: id) else { throw .notFound }
    // A foreign turn goes the way of an absent one: to be refused sooner would tell that it is there.
    if let turn = registry.find(id), principal.mayRead(turn: id, of: gate.memory.now(turn.facts.identity)),
      let state = turn.ownState
    {
      return try cancel(turn, state, request)
    }
    let row: TurnStore.Row?
    do { row = try await store.read(id) } catch { throw Refusal(error) }
    guard let row, principal.mayRead(turn: id, of: gate.memory.now(row.identity)) else { throw .notFound }
    let origin = try gate.origin(of: request, surface: row.surface)
    if let terminal = row.terminal { return answer(id, terminal.state, origin) }
    do { _ = try await store.requestCancel(id, identity: row.identity) } catch { throw Refusal(error) }
    return answer(id, .streaming, origin)
  }

  /// An own turn in memory: at once, even while the database is away.
  private func cancel(
    _ turn: LiveTurn, _ state: TurnState, _ request: Request
  ) throws(Refusal) -> Response {
    let origin = try gate.origin(of: request, surface: turn.facts.surface)
    if state.isTerminal { return answer(turn.facts.id, state, origin) }
    turn.input { $0.cancel() }
    // Should this node die before the end is committed, the reaper finds what was asked. Too late is no error.
    // It is not waited for: the database may be away.
    Task { try? await store.requestCancel(turn.facts.id, identity: turn.facts.identity) }
    return answer(turn.facts.id, .streaming, origin)
  }

  /// 202 while the turn streams, 200 with the state in which it ended.
  private func answer(_ id: ID, _ state: TurnState, _ origin: String?) -> Response {
    gate.meters.cancels.add(state.isTerminal ? .late : .accepted, in: gate.meters.lane)
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("turn", id.description)
    writer.member("state", state.rawValue)
    writer.endObject()
    return Response(status: state.isTerminal ? 200 : 202, headers: CrossOrigin.headers(for: origin), body: writer.bytes)
  }
}
