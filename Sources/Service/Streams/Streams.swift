import Chat
import EventLoop
import FrontDoor

/// The streams of one loop. Each is a small struct that says what is new as fast as its reader takes it: nothing is
/// queued for a reader but one piece, and the turn's log is all else there is.
// Sendable is unchecked because everything but `loop` is confined to the loop.
final class Streams: WaitingRoom, ReplySource, TimerHandler, @unchecked Sendable {
  /// Milliseconds of silence after which a stream gives a sign of life: below every proxy's time-out.
  static let silence = 15_000
  /// Milliseconds after which a stream whose reader can come again is ended.
  static let lifetime = 60_000...90_000

  /// What a stream is read from.
  enum Source: Sendable {
    case live(LiveTurn)
    case stored(StoredLog)
  }

  private struct Stream {
    let exchange: Exchange
    let source: Source
    let permit: StreamPermit
    var reader: StreamReader
    let ends: Instant
    var timer: TimerID
    var hasBegun = false
    /// On the turn's list, or waiting for a page.
    var waits = false
    var isSilent = false
    var leaves = false
  }

  let loop: EventLoop
  private let meters: Meters
  private var places = Places<Stream>()

  init(loop: EventLoop, meters: Meters) {
    self.loop = loop
    self.meters = meters
  }

  /// *Loop only.* Begins to stream to the exchange. `origin`: the allowed origin to name to the browser; `headers`: what
  /// else its head says.
  func open(
    _ exchange: Exchange, of source: Source, for reader: StreamReader, by permit: StreamPermit, origin: String?,
    headers: [(String, String)] = []
  ) {
    let ticket = places.reserve()
    let now = Instant.now()
    if case .live(let turn) = source { turn.streamOpened() }
    places[Int(ticket.place)] = Stream(
      exchange: exchange, source: source, permit: permit, reader: reader,
      ends: reader.form.resumes ? now.advanced(milliseconds: .random(in: Self.lifetime)) : .distantFuture,
      timer: schedule(ticket, at: now.advanced(milliseconds: Self.silence)))
    let more = CrossOrigin.headers(for: origin) + headers
    let head = more.isEmpty ? reader.form.head : reader.form.head.adding(more)
    if !exchange.stream(head, from: self, token: Int(ticket.place)) { peerGone(Int(ticket.place)) }
  }

  /// Ends those whose readers can come again, so that they go to another node. From any thread.
  func recycle() {
    loop.execute { [self] in
      for index in places.indices where places[index]?.reader.form.resumes == true {
        places[index]?.leaves = true
        places[index]?.exchange.proceed()
      }
    }
  }

  /// Ends those whose credential counts no more, whatever their readers can do. From any thread.
  func dismiss(_ isRefused: @escaping @Sendable (Credential) -> Bool) {
    loop.execute { [self] in
      for index in places.indices {
        guard let stream = places[index], isRefused(stream.permit.credential) else { continue }
        places[index]?.leaves = true
        stream.exchange.proceed()
      }
    }
  }

  // MARK: one stream

  func next(_ token: Int, to piece: inout [UInt8]) -> ReplyStep {
    guard var stream = places[token] else { return .ended }
    if !stream.hasBegun {
      stream.hasBegun = true
      stream.reader.form.begin(to: &piece)
    }
    let begin = piece.count
    let step = stream.waits ? .waits : feed(&stream, token, to: &piece)
    stream.waits = step == .waits
    let leaves = stream.leaves && step != .ended && step != .broken
    if leaves { stream.reader.form.leave(to: &piece) }
    if stream.isSilent, piece.count == begin { stream.reader.form.ping(stream.reader.cursor, to: &piece) }
    stream.isSilent = false
    // Before its end: that takes it off the list it waits on.
    places[token] = stream
    switch step {
    case .more where !leaves: return .more
    case .waits where !leaves: return .waits
    case .ended: end(token, .ended)
    case .more, .waits, .broken: end(token, .recycled)
    }
    return .ended
  }

  private func feed(_ stream: inout Stream, _ token: Int, to piece: inout [UInt8]) -> StreamStep {
    let ticket = places.ticket(of: token)
    switch stream.source {
    case .live(let turn):
      return turn.feed(&stream.reader, limit: Exchange.pieceSize, to: &piece, else: ticket, of: self)
    case .stored(let log):
      return log.feed(&stream.reader, limit: Exchange.pieceSize, to: &piece, on: loop) { [self] in wake([ticket]) }
    }
  }

  func wake(_ tickets: [Ticket]) {
    loop.execute { [self] in
      for ticket in tickets where places.isValid(ticket) {
        places[Int(ticket.place)]?.waits = false
        places[Int(ticket.place)]?.exchange.proceed()
      }
    }
  }

  func timerFired(_ token: Int) {
    guard let stream = places[token] else { return }
    let now = Instant.now()
    let hasLived = stream.ends <= now
    let ticket = places.ticket(of: token)
    let silence = now.advanced(milliseconds: Self.silence)
    places[token]?.isSilent = true
    places[token]?.leaves = stream.leaves || hasLived
    places[token]?.timer = schedule(ticket, at: hasLived ? silence : min(silence, stream.ends))
    // Whatever it was not woken for it gets now. If it was woken just now, it has what it was woken for by then.
    if stream.waits, case .live(let turn) = stream.source {
      turn.forget(ticket, of: self)
      places.renew(token)
      places[token]?.waits = false
    }
    stream.exchange.proceed()
  }

  /// A stream that speaks gets its sign of life a little early: that is cheaper than to move a timer for each piece.
  private func schedule(_ ticket: Ticket, at time: Instant) -> TimerID {
    loop.schedule(at: time, handler: self, token: Int(ticket.place))
  }

  func peerGone(_ token: Int) { end(token, .gone) }

  private func end(_ token: Int, _ outcome: StreamOutcome) {
    guard let stream = places[token] else { return }
    loop.cancel(stream.timer)
    let ticket = places.ticket(of: token)
    if case .live(let turn) = stream.source {
      if stream.waits { turn.forget(ticket, of: self) }
      turn.streamEnded()
    }
    places.release(token)
    meters.streams.add(outcome, in: meters.lane)
  }
}

extension [Streams] {
  /// Those of the loop that owns the exchange.
  func of(_ exchange: Exchange) -> Streams {
    first { $0.loop === exchange.loop } ?? self[0]
  }
}
