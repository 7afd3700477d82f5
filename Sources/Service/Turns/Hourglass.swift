import EventLoop

/// Tells the turns of one loop that gathered text has waited long enough. Each turn has one timer here at most, and one
/// that has ended meanwhile is told in vain.
// Sendable is unchecked because everything but `loop` is confined to the loop.
final class Hourglass: TimerHandler, @unchecked Sendable {
  let loop: EventLoop
  /// A timer's token is a place here: timers hold nothing.
  private var places: [LiveTurn?] = []
  private var free: [Int] = []

  init(loop: EventLoop) { self.loop = loop }

  /// From any thread.
  func turn(for turn: LiveTurn, at due: Instant) {
    loop.execute { [self] in
      let place = free.popLast() ?? places.count
      if place == places.count { places.append(turn) } else { places[place] = turn }
      _ = loop.schedule(at: due, handler: self, token: place)
    }
  }

  func timerFired(_ token: Int) {
    let turn = places[token].take()
    free.append(token)
    turn?.timePassed()
  }
}

extension [Hourglass] {
  /// That of the calling loop, so that no other is woken.
  var here: Hourglass? { first { $0.loop.isCurrent } ?? first }
}
