import Chat
import EventLoop
import Store
import Synchronization
import Wire

/// How the providers were asked for one turn: what its row keeps of it.
final class AttemptRecord: Sendable {
  private struct Attempt {
    let route: ID
    let began: Instant
    var ended: Instant?
    var error: String?
    var status: Int?
  }

  private struct State {
    var attempts: [Attempt] = []
    var request: String?
    var firstByte: Instant?
    var firstText: Instant?
  }

  private let began = Instant.now()
  private let state = Mutex(State())

  func begins(_ route: ID) {
    state.withLock { state in
      state.attempts.append(Attempt(route: route, began: .now()))
      state.request = nil
      state.firstByte = nil
    }
  }

  /// `request`: the provider's name for it.
  func headCame(request: String?) {
    state.withLock { state in
      // A header of a provider: bounded like all that comes from outside.
      state.request = request.map { String($0.prefix(200)) }
      state.firstByte = .now()
    }
  }

  /// Milliseconds since the attempt began.
  @discardableResult
  func textCame() -> Int {
    let now = Instant.now()
    return state.withLock { state in
      if state.firstText == nil { state.firstText = now }
      return state.attempts.last.map { now.milliseconds(since: $0.began) } ?? 0
    }
  }

  func failed(_ failure: AttemptFailure) {
    state.withLock { state in
      guard let last = state.attempts.indices.last else { return }
      state.attempts[last].ended = .now()
      state.attempts[last].error = failure.error.code
      state.attempts[last].status = failure.status
    }
  }

  /// Nil if nobody was asked.
  var asked: FlushStore.Asked? {
    state.withLock { state in
      guard let route = state.attempts.last?.route else { return nil }
      let now = Instant.now()
      var writer = JSONWriter()
      writer.beginObject()
      writer.key("attempts")
      writer.beginArray()
      for attempt in state.attempts {
        writer.beginObject()
        writer.member("route", attempt.route.description)
        writer.member("ms", (attempt.ended ?? now).milliseconds(since: attempt.began))
        writer.member("error", attempt.error)
        writer.member("status", attempt.status)
        writer.endObject()
      }
      writer.endArray()
      writer.member("request", state.request)
      writer.member("first_byte_ms", state.firstByte.map { $0.milliseconds(since: began) })
      writer.member("first_text_ms", state.firstText.map { $0.milliseconds(since: began) })
      writer.endObject()
      return FlushStore.Asked(route: route, json: writer.bytes)
    }
  }
}
