import Chat
import Dispatch
import EventLoop
import FrontDoor
import Synchronization
import Testing

@testable import Service

/// A connection that only notes what is done to it.
private final class FakePeer: Peer {
  let loop: EventLoop
  let replies = Mutex<[Response]>([])
  let owner = Mutex<(owner: any ParkedOwner, token: Int)?>(nil)
  private let replied = DispatchSemaphore(value: 0)

  init(loop: EventLoop) { self.loop = loop }

  func reply(_ response: Response, to serial: UInt32) {
    replies.withLock { $0.append(response) }
    replied.signal()
  }

  func park(_ serial: UInt32, owner: any ParkedOwner, token: Int) -> Bool {
    self.owner.withLock { $0 = (owner, token) }
    return true
  }

  func stream(_ serial: UInt32, _ head: Response.Head, from source: any ReplySource, token: Int) -> Bool { false }
  func proceed(_ serial: UInt32) {}

  /// The only reply there is, as soon as it is there.
  func waitForReply() -> String? {
    guard replied.wait(timeout: .now() + 20) == .success else { return nil }
    return replies.withLock { $0.first.map { String(decoding: $0.body, as: UTF8.self) } }
  }
}

@Suite struct ParkingTests {
  private let loop: EventLoop
  private let parking: Parking
  private let meters: Meters
  private let turn: LiveTurn

  init() throws {
    loop = try EventLoop(name: "test")
    loop.start()
    meters = Meters(lanes: Lanes(loops: [loop]))
    parking = Parking(loop: loop, meters: meters)
    turn = try LiveTurn.mirror(loop: loop)
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

  private func ask(_ peer: FakePeer, hold: Int, cursor: Cursor = .start) {
    let (parking, turn) = (parking, turn)
    onLoop {
      parking.answer(Exchange(peer: peer, serial: 1), of: turn, ask: Ask(form: .poll(cursor)), hold: hold)
    }
  }

  private func feed(_ text: String, sequence: Int) {
    var wakeups = Wakeups()
    turn.mirror(into: &wakeups) {
      $0.append(sequence: sequence, events: Array(#"{"type":"text","text":"\#(text)"}"#.utf8))
    }
    wakeups.send()
  }

  @Test func aShortPollIsAnsweredWithWhatThereIs() {
    let peer = FakePeer(loop: loop)
    ask(peer, hold: 0)
    #expect(peer.waitForReply()?.contains(#""events":[]"#) == true)
    #expect(peer.owner.withLock { $0 == nil })
  }

  @Test func aHeldPollIsAnsweredWhenTextComes() {
    let peer = FakePeer(loop: loop)
    ask(peer, hold: 60_000)
    #expect(peer.replies.withLock { $0.isEmpty })
    feed("hello", sequence: 1)
    #expect(peer.waitForReply()?.contains("hello") == true)
    #expect(peer.replies.withLock { $0.count } == 1)
  }

  @Test func theHoldEndsWithTheSameCursor() {
    let peer = FakePeer(loop: loop)
    ask(peer, hold: 5, cursor: .start)
    let reply = peer.waitForReply()
    #expect(reply?.contains(#""cursor":"1.0""#) == true)
    #expect(reply?.contains(#""events":[]"#) == true)
  }

  @Test func manyReadersAreWokenTogetherEachFromItsCursor() {
    feed("one", sequence: 1)
    let peers = (0..<100).map { _ in FakePeer(loop: loop) }
    for peer in peers { ask(peer, hold: 60_000, cursor: Cursor(epoch: 1, offset: 1)) }
    feed("two", sequence: 2)
    for peer in peers {
      let reply = peer.waitForReply()
      #expect(reply?.contains("two") == true && reply?.contains("one") == false)
    }
  }

  @Test func aReaderThatWentAwayIsForgotten() throws {
    let gone = FakePeer(loop: loop)
    ask(gone, hold: 60_000)
    let (owner, token) = try #require(gone.owner.withLock { $0 })
    onLoop { owner.peerGone(token) }
    // Its place is taken by another, whom the former's end must not reach.
    let next = FakePeer(loop: loop)
    ask(next, hold: 60_000)
    feed("text", sequence: 1)
    #expect(next.waitForReply()?.contains("text") == true)
    #expect(gone.replies.withLock { $0.isEmpty })
  }

  @Test func everyPollIsCountedByWhatBecameOfIt() throws {
    ask(FakePeer(loop: loop), hold: 0)
    let (late, woken, gone) = (FakePeer(loop: loop), FakePeer(loop: loop), FakePeer(loop: loop))
    ask(late, hold: 1)
    _ = late.waitForReply()
    ask(gone, hold: 60_000)
    let (owner, token) = try #require(gone.owner.withLock { $0 })
    onLoop { owner.peerGone(token) }
    ask(woken, hold: 60_000)
    feed("text", sequence: 1)
    _ = woken.waitForReply()
    #expect(meters.polls.values.map(\.value) == [1, 1, 1, 0, 1])
  }

  @Test func aClassicReaderIsNoPollAndItsHoldEndsInAnError() {
    let peer = FakePeer(loop: loop)
    let (parking, turn) = (parking, turn)
    onLoop { parking.answer(Exchange(peer: peer, serial: 1), of: turn, ask: Ask(form: .whole(ClassicForm())), hold: 1) }
    #expect(peer.waitForReply()?.contains("still_running") == true)
    #expect(meters.polls.values.allSatisfy { $0.value == 0 })
    #expect(meters.refusals.values.filter { $0.value > 0 }.map(\.label) == ["still_running"])
  }

  @Test func aReaderOfADroppedMirrorIsToldToAskAgain() {
    let peer = FakePeer(loop: loop)
    ask(peer, hold: 60_000)
    var wakeups = Wakeups()
    turn.drop(into: &wakeups)
    wakeups.send()
    #expect(peer.waitForReply()?.contains(#""state":"streaming","events":[]"#) == true)
  }
}
