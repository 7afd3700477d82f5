import Glibc
import NIOCore
import Synchronization

/// One chat request and what became of its answer, as tests see it under `/sim/requests`.
final class Exchange: Sendable {
  /// How an answer ended.
  enum End: String, Sendable {
    /// All of it was sent.
    case completed
    /// The client closed its socket before.
    case clientClosed = "client_closed"
    /// A scripted fault, or the request was refused.
    case fault
  }

  /// What is known when the request arrives.
  struct Arrival: Sendable {
    /// The identifier of the answer.
    let id: String
    /// The name of the format, see ``Dialect``.
    let format: String
    let peer: Peer
    /// Empty if the body could not be read.
    var model = ""
    let body: ByteBuffer
    /// Whether `body` is JSON, so that it may stand within JSON as it is.
    var isJSON = false
    /// Whether the request bore a credential; its value is never kept.
    let isAuthorized: Bool
    var stream = false
    /// Without its long token, if it has one; nil if there is no answer text, or if only its writing makes it.
    var text: AnswerText?
    /// Of the whole answer; nil if there is none.
    var usage: Usage?
  }

  let arrival: Arrival
  private let started: Int64
  private let progress = Mutex(Progress())

  private struct Progress {
    var tokens = 0
    var ended: Int64?
    var end: End?
    var followed = 0
  }

  init(_ arrival: Arrival) {
    self.arrival = arrival
    started = Self.milliseconds()
  }

  /// Notes that `tokens` more tokens were written.
  func sent(tokens: Int) { progress.withLock { $0.tokens += tokens } }

  /// Notes the end. Returns false, and changes nothing, if the answer has ended before.
  func end(_ end: End) -> Bool {
    progress.withLock { progress in
      guard progress.end == nil else { return false }
      progress.end = end
      progress.ended = Self.milliseconds()
      return true
    }
  }

  /// Notes that a client went where the answer redirected it.
  func follow() { progress.withLock { $0.followed += 1 } }

  /// One object of `GET /sim/requests`; times are milliseconds since 1970.
  var json: String {
    let now = progress.withLock { $0 }
    let body = String(buffer: arrival.body)
    return "{\"id\":\"\(arrival.id)\",\"format\":\"\(arrival.format)\",\"model\":\(JSONText.quoted(arrival.model)),"
      + "\"body\":\(arrival.isJSON ? body : JSONText.quoted(body)),\"authorization\":\(arrival.isAuthorized),"
      + "\"stream\":\(arrival.stream),\"startedMs\":\(started),\"endedMs\":\(now.ended.map(String.init) ?? "null"),"
      + "\"end\":\(now.end.map { JSONText.quoted($0.rawValue) } ?? "null"),\"tokensSent\":\(now.tokens),"
      + "\"usage\":\(arrival.usage?.json ?? "null"),\"followed\":\(now.followed),\(arrival.peer.json),"
      + "\"text\":\(JSONText.quoted(arrival.text?.joined(first: now.tokens) ?? ""))}"
  }

  /// The wall clock, in milliseconds since 1970.
  static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
