import EventLoop
import FrontDoor

/// The requests of one loop that wait for a turn: small structs, woken together.
// Sendable is unchecked because everything but `loop` is confined to the loop.
final class Parking: WaitingRoom, TimerHandler, ParkedOwner, @unchecked Sendable {
  private struct Car {
    let exchange: Exchange
    let turn: LiveTurn
    let ask: Ask
    let timer: TimerID
  }

  let loop: EventLoop
  private let meters: Meters
  private var places = Places<Car>()

  init(loop: EventLoop, meters: Meters) {
    self.loop = loop
    self.meters = meters
  }

  /// *Loop only.* Answers at once if there is something, or nothing is to be waited for; else parks the request for at
  /// most `hold` milliseconds.
  func answer(_ exchange: Exchange, of turn: LiveTurn, ask: Ask, hold: Int) {
    if hold > 0 {
      let ticket = places.reserve()
      if !turn.isDue(ask, else: ticket, of: self) {
        return park(exchange, for: turn, ask: ask, hold: hold, in: ticket)
      }
      places.release(Int(ticket.place))
    }
    count(.immediate, ask)
    exchange.reply(turn.answer(ask))
  }

  private func park(_ exchange: Exchange, for turn: LiveTurn, ask: Ask, hold: Int, in ticket: Ticket) {
    let timer = loop.schedule(
      at: Instant.now().advanced(milliseconds: hold), handler: self, token: Int(ticket.place))
    places[Int(ticket.place)] = Car(exchange: exchange, turn: turn, ask: ask, timer: timer)
    if !exchange.park(owner: self, token: Int(ticket.place)) { peerGone(Int(ticket.place)) }
  }

  func wake(_ tickets: [Ticket]) {
    loop.execute { [self] in
      for ticket in tickets where places.isValid(ticket) {
        guard let car = leave(Int(ticket.place)) else { continue }
        loop.cancel(car.timer)
        count(.woken, car.ask)
        car.exchange.reply(car.turn.answer(car.ask))
      }
    }
  }

  /// The hold is over: the reader gets what there is, maybe nothing.
  func timerFired(_ token: Int) {
    let ticket = places.ticket(of: token)
    guard let car = leave(token) else { return }
    car.turn.forget(ticket, of: self)
    count(.holdOver, car.ask)
    car.exchange.reply(car.turn.answer(car.ask))
  }

  func peerGone(_ token: Int) {
    let ticket = places.ticket(of: token)
    guard let car = leave(token) else { return }
    loop.cancel(car.timer)
    car.turn.forget(ticket, of: self)
    count(.abandoned, car.ask)
  }

  private func count(_ outcome: PollOutcome, _ ask: Ask) {
    switch ask.form {
    case .poll: meters.polls.add(outcome, in: meters.lane)
    case .whole: if outcome == .holdOver { meters.refused(.stillRunning) }
    }
  }

  private func leave(_ place: Int) -> Car? {
    guard let car = places[place] else { return nil }
    places.release(place)
    return car
  }
}
