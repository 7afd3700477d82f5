internal import EventLoop
internal import Glibc

/// One connection from a web server: one request at a time, read, handed over, answered.
// Sendable is unchecked because all but `loop` is confined to the loop; `Exchange` sees to it.
final class Connection: ReadinessHandler, TimerHandler, Peer, @unchecked Sendable {
  private enum Phase {
    case reading  // a request, or waiting for one → waiting, closed
    case waiting  // for its reply → writing, streaming, closed
    case streaming  // a reply that comes in pieces; `output` is what the socket did not take → writing, closed
    case writing  // it, and then what the socket did not take → reading, lingering, closed
    case lingering  // after a refusal: drops what comes until the peer closes → closed
    case closed
  }

  private static let arrival: Readiness = [.read, .hangUp]
  private static let sendFlags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)

  let loop: EventLoop
  private let keeper: Doorkeeper
  private let descriptor: Int32
  private let place: Int
  private var watch: Watch?
  private var timer: TimerID?
  private var phase = Phase.reading
  private var refusing = false
  /// The peer sends no more, and waits for what it asked for.
  private var inputEnded = false
  /// True while `consume` runs: what it has not taken yet is not in `input`.
  private var consuming = false
  private var serial: UInt32 = 0
  private var framing: Framing
  /// What has arrived and is not a whole request yet, or came too early.
  private var input: [UInt8] = []
  /// A reply of which the socket took the first `sent` bytes. While `lingering`, `sent` counts what was dropped.
  private var output: [UInt8] = []
  private var sent = 0
  private var owner: (any ParkedOwner)?
  /// Of the reply while it is `streaming`.
  private var source: (any ReplySource)?
  private var token = 0

  init(_ descriptor: Int32, speaking dialect: Dialect, keeper: Doorkeeper, place: Int) {
    self.descriptor = descriptor
    framing = Framing(dialect)
    self.keeper = keeper
    self.place = place
    loop = keeper.loop
  }

  deinit { assert(phase == .closed) }

  /// The request is mostly there already, so it is asked for at once. A web server connects when it has one: who has
  /// none before the deadline is closed. Between two requests there is no deadline.
  func start() {
    do {
      watch = try loop.watch(descriptor, for: .read, handler: self)
      receive()
      if phase == .reading, serial == 0, timer == nil { arm(keeper.limits.requestDeadline) }
    } catch {
      close()
    }
  }

  func ready(_ readiness: Readiness, descriptor: Int32) {
    if !output.isEmpty, readiness.contains(.write) { flush() }
    if phase != .closed, !readiness.isDisjoint(with: Self.arrival) { receive() }
  }

  func timerFired(_ token: Int) {
    timer = nil
    switch phase {
    case .reading: keeper.tallies.refuse(.deadline)
    case .writing, .streaming: keeper.tallies.stalls.add(1)
    case .waiting, .lingering, .closed: break
    }
    close()
  }

  func closeIfIdle() { if phase == .reading, input.isEmpty { close() } }

  func close() {
    guard phase != .closed else { return }
    if phase == .waiting { keeper.tallies.abandoned.add(1) }
    phase = .closed
    disarm()
    if let watch { loop.unwatch(watch) }
    // Before the peer can see it, so that the gauge is never behind what a peer knows.
    keeper.remove(place)
    Glibc.close(descriptor)
    input = []
    output = []
    unpark()?.peerGone(token)
    endStream()?.peerGone(token)
  }

  // MARK: request

  private func receive() {
    let count = recv(descriptor, keeper.scratch.baseAddress, keeper.scratch.count, 0)
    guard count > 0 else {
      if count == 0 { return endOfInput() }
      if errno != EAGAIN, errno != EINTR { close() }
      return
    }
    keeper.tallies.bytesIn.add(count)
    if phase == .lingering {
      sent += count
      if sent > keeper.limits.maxDiscarded { close() }
      return
    }
    let received = UnsafeBufferPointer(rebasing: keeper.scratch[..<count])
    if phase == .reading, input.isEmpty {
      disarm()
      let taken = consume(received.span)
      if taken < count, phase != .closed { input = Array(received[taken...]) }
    } else {
      input.append(contentsOf: received)
      if phase == .reading { consumeInput() } else { lookAhead() }
    }
  }

  /// Some peers close their sending half after the request. That the other half is closed as well is told by a unix
  /// socket only; by TCP not before a write fails, and then a reader who left would stay parked.
  private func endOfInput() {
    let isAnswering = phase == .waiting || phase == .streaming
    guard !inputEnded, phase == .writing || isAnswering && Self.tellsHangUp(descriptor) else { return close() }
    inputEnded = true
    // The end stays readable, so looking for it would spin; a hang-up is always told.
    if let watch { loop.update(watch, for: output.isEmpty ? [] : .write) }
  }

  private static func tellsHangUp(_ descriptor: Int32) -> Bool {
    var domain: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX
  }

  private func consumeInput() {
    var gathered: [UInt8] = []
    swap(&gathered, &input)
    let taken = consume(gathered.span)
    guard phase != .closed else { return }
    gathered.removeFirst(taken)
    swap(&gathered, &input)
    // The rest of the next request does not come any more.
    if inputEnded, phase == .reading { close() }
  }

  /// Takes whole requests off the front, as long as they are answered at once; returns how many bytes they were.
  private func consume(_ bytes: borrowing Span<UInt8>) -> Int {
    consuming = true
    defer { consuming = false }
    var taken = 0
    while phase == .reading, taken < bytes.count {
      let rest = bytes.extracting(droppingFirst: taken)
      switch framing.advance(over: rest, within: keeper.limits) {
      case .incomplete:
        if timer == nil { arm(keeper.limits.requestDeadline) }
        return taken
      case .complete(let length):
        taken += length
        begin(rest.extracting(first: length))
      case .aborted(let length):
        taken += length
        expectReply()
        write(framing.end(by: keeper.codecs))
      case .paramsTooLarge: refuse(.paramsTooLarge, for: .params)
      case .bodyTooLarge:
        let request = framing.decodeVariables(rest, by: keeper.codecs)
        refuse(request.map { keeper.handler.refusal(.bodyTooLarge, of: $0) } ?? .bodyTooLarge, for: .body)
      case .malformed:
        keeper.tallies.refuse(framing.mistake(in: rest))
        close()
      }
    }
    return phase == .lingering ? bytes.count : taken
  }

  private func begin(_ bytes: borrowing Span<UInt8>) {
    guard let request = framing.decode(bytes, by: keeper.codecs) else { return refuse(.badRequest, for: .badRequest) }
    expectReply()
    keeper.tallies.requests.add(1)
    keeper.handler.handle(request, Exchange(peer: self, serial: serial))
  }

  private func expectReply() {
    disarm()
    phase = .waiting
    serial &+= 1
  }

  /// Answers instead of the handler. The peer may still be sending: closing at once could destroy the reply before it is
  /// read, so the rest is dropped until the peer closes.
  private func refuse(_ response: Response, for reason: FrontDoor.Gauges.Reason) {
    keeper.tallies.refuse(reason)
    refusing = true
    expectReply()
    write(framing.encode(response, by: keeper.codecs))
  }

  /// While a request is being answered, a web server may only take it back.
  private func lookAhead() {
    if phase == .streaming, framing.abort(in: input.span) != nil {
      // What was begun cannot be taken back in the middle of a record.
      close()
    } else if phase == .waiting, let length = framing.abort(in: input.span) {
      input.removeFirst(length)
      keeper.tallies.abandoned.add(1)
      let owner = unpark()
      write(framing.end(by: keeper.codecs))
      owner?.peerGone(token)
    } else if input.count > keeper.limits.maxAhead {
      keeper.tallies.refuse(.malformed)
      close()
    }
  }

  // MARK: reply

  func reply(_ response: Response, to serial: UInt32) {
    guard phase == .waiting, serial == self.serial else { return }
    _ = unpark()
    write(framing.encode(response, by: keeper.codecs))
  }

  func park(_ serial: UInt32, owner: any ParkedOwner, token: Int) -> Bool {
    guard phase == .waiting, serial == self.serial else { return false }
    if self.owner == nil { keeper.tallies.parked.add(1) }
    self.owner = owner
    self.token = token
    return true
  }

  private func unpark() -> (any ParkedOwner)? {
    guard let parked = owner else { return nil }
    owner = nil
    keeper.tallies.parked.add(-1)
    return parked
  }

  /// `bytes` is nil if memory was too short for the reply.
  private func write(_ bytes: UnsafeRawBufferPointer?) {
    phase = .writing
    if transmit(bytes) { answered() }
  }

  /// True once the socket has taken all; else the rest waits in `output`, or the connection has been closed.
  private func transmit(_ bytes: UnsafeRawBufferPointer?) -> Bool {
    guard let bytes else {
      close()
      return false
    }
    guard let count = send(bytes) else { return false }
    if count == bytes.count { return true }
    output = Array(bytes[count...])
    sent = 0
    if let watch { loop.update(watch, for: inputEnded ? .write : [.read, .write]) }
    arm(keeper.limits.writeDeadline)
    return false
  }

  // MARK: streamed reply

  func stream(_ serial: UInt32, _ head: Response.Head, from source: any ReplySource, token: Int) -> Bool {
    guard phase == .waiting, serial == self.serial else { return false }
    _ = unpark()
    self.source = source
    self.token = token
    keeper.tallies.streams.add(1)
    phase = .streaming
    pump(after: head.bytes)
    return true
  }

  func proceed(_ serial: UInt32) {
    if phase == .streaming, serial == self.serial, output.isEmpty { pump() }
  }

  /// Sends the next piece. One at a time: who has much to give must not keep the other connections waiting.
  private func pump(after head: [UInt8] = []) {
    guard let source else { return }
    var piece = keeper.lendPiece()
    defer { keeper.takeBack(&piece) }
    piece.append(contentsOf: head)
    let step = source.next(token, to: &piece)
    if case .ended = step {
      _ = endStream()
      return piece.withUnsafeBytes { write(framing.encode(piece: $0, isLast: true, by: keeper.codecs)) }
    }
    guard !piece.isEmpty else { return }
    let isTaken = piece.withUnsafeBytes { transmit(framing.encode(piece: $0, isLast: false, by: keeper.codecs)) }
    guard isTaken, case .more = step else { return }
    let serial = serial
    loop.submit { [self] in proceed(serial) }
  }

  private func endStream() -> (any ReplySource)? {
    guard let ended = source else { return nil }
    source = nil
    keeper.tallies.streams.add(-1)
    return ended
  }

  private func flush() {
    guard let count = output.withUnsafeBytes({ send(UnsafeRawBufferPointer(rebasing: $0[sent...])) }) else { return }
    sent += count
    if sent < output.count {
      if count > 0 { arm(keeper.limits.writeDeadline) }
      return
    }
    disarm()
    output = []
    if let watch { loop.update(watch, for: inputEnded ? [] : .read) }
    if phase == .streaming { pump() } else { answered() }
  }

  /// How many bytes the socket took; nil if the connection failed and has been closed.
  private func send(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Self.sendFlags)
    if count >= 0 {
      keeper.tallies.bytesOut.add(count)
      return count
    }
    if errno == EAGAIN || errno == EINTR { return 0 }
    close()
    return nil
  }

  private func answered() {
    // While `consume` runs there may be more of what was sent before the end: it is left to `consumeInput`.
    if inputEnded, refusing || input.isEmpty && !consuming {
      close()
    } else if refusing {
      phase = .lingering
      sent = 0
      input = []
      shutdown(descriptor, Int32(SHUT_WR))
      arm(keeper.limits.requestDeadline)
    } else if framing.keepsConnection, !keeper.draining {
      phase = .reading
      framing.restart()
      // Not from here, which may be deep in another connection's handler.
      if !input.isEmpty, !consuming {
        loop.submit { [self] in if phase == .reading, !input.isEmpty { consumeInput() } }
      }
    } else {
      close()
    }
  }

  // MARK: deadline

  private func arm(_ milliseconds: Int) {
    disarm()
    timer = loop.schedule(afterMilliseconds: milliseconds, handler: self)
  }

  private func disarm() {
    if let timer { loop.cancel(timer) }
    timer = nil
  }
}
