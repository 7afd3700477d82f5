import Chat
import Dispatch
import EventLoop
import FrontDoor
import Synchronization
import Testing

@testable import Service

/// A connection that takes a piece whenever there is one, and notes it.
private final class Taker: Peer {
  let loop: EventLoop
  private let source = Mutex<(source: any ReplySource, token: Int)?>(nil)
  let taken = Mutex<[UInt8]>([])

  init(loop: EventLoop) { self.loop = loop }

  func reply(_ response: Response, to serial: UInt32) {}
  func park(_ serial: UInt32, owner: any ParkedOwner, token: Int) -> Bool { false }

  func stream(_ serial: UInt32, _ head: Response.Head, from source: any ReplySource, token: Int) -> Bool {
    self.source.withLock { $0 = (source, token) }
    return true
  }

  func proceed(_ serial: UInt32) {
    guard let (source, token) = source.withLock({ $0 }) else { return }
    var piece: [UInt8] = []
    let step = source.next(token, to: &piece)
    taken.withLock { $0 += piece }
    if case .ended = step { self.source.withLock { $0 = nil } }
  }

  var text: String { taken.withLock { String(decoding: $0, as: UTF8.self) } }
}

@Suite final class StreamsTests {
  private let loop: EventLoop
  private let streams: Streams
  private let meters: Meters
  private let turn: LiveTurn
  private let permits: StreamPermits

  init() throws {
    loop = try EventLoop(name: "test")
    loop.start()
    meters = Meters(lanes: Lanes(loops: [loop]))
    streams = Streams(loop: loop, meters: meters)
    turn = try LiveTurn.mirror(loop: loop)
    permits = StreamPermits(limit: 10, meters: meters)
  }

  /// Before the streams go: one that is told by hand that its time has come keeps the timer it had.
  deinit {
    loop.stop()
    loop.join()
  }

  /// On the loop, and waited for.
  private func onLoop(_ body: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    loop.submit {
      body()
      done.signal()
    }
    done.wait()
  }

  private func open(_ taker: Taker) throws {
    let (streams, turn, permit) = (streams, turn, try permits.take(for: nil, by: Credential(identity: ID.fresh())))
    onLoop {
      streams.open(
        Exchange(peer: taker, serial: 1), of: .live(turn),
        for: StreamReader(form: JSONLinesForm(), cursor: .start), by: permit, origin: nil)
    }
  }

  private func feed(_ text: String, sequence: Int) {
    var wakeups = Wakeups()
    turn.mirror(into: &wakeups) {
      $0.append(sequence: sequence, events: Array(#"{"type":"text","text":"\#(text)"}"#.utf8))
    }
    wakeups.send()
  }

  /// Nobody reads the turn and nobody is on its list.
  private var isUnread: Bool { turn.idle(at: Instant.now().advanced(milliseconds: 1_000)) >= 1_000 }

  @Test func whoIsSentAwayBeforeItWaitedIsOnNoList() throws {
    let taker = Taker(loop: loop)
    try open(taker)
    #expect(!isUnread)
    // Its output was stuck until now.
    streams.recycle()
    onLoop {}
    #expect(isUnread)
    #expect(meters.streams.values.map(\.label).contains("recycled"))
    #expect(meters.streams.values.first { $0.label == "recycled" }?.value == 1)
  }

  @Test func oneThatIsWokenWhileItLooksByItselfIsOnTheListOnce() throws {
    let taker = Taker(loop: loop)
    try open(taker)
    onLoop { taker.proceed(1) }
    let (held, fed) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let streams = streams
    loop.submit {
      held.signal()
      fed.wait()
      // The wake-up is in the loop's inbox by now.
      streams.timerFired(0)
    }
    held.wait()
    feed("one", sequence: 1)
    fed.signal()
    onLoop {}
    feed("two", sequence: 2)
    onLoop {}
    #expect(taker.text.count(of: "one") == 1 && taker.text.count(of: "two") == 1)
    onLoop { streams.peerGone(0) }
    #expect(isUnread)
  }

  @Test func aTurnThatIsLostEndsItsStreamsWithoutAnEnd() throws {
    let taker = Taker(loop: loop)
    try open(taker)
    onLoop { taker.proceed(1) }
    turn.drop()
    onLoop {}
    #expect(meters.streams.values.first { $0.label == "recycled" }?.value == 1)
    #expect(meters.streams.values.first { $0.label == "ended" }?.value == 0)
  }
}

extension String {
  fileprivate func count(of word: String) -> Int { ranges(of: word).count }
}
