import Synchronization

/// A number that one loop changes and any thread reads.
struct Tally: ~Copyable, Sendable {
  private let number = Atomic<Int>(0)

  var value: Int { number.load(ordering: .relaxed) }

  /// By the owning loop only: with one writer no locked instruction is needed.
  func add(_ difference: Int) { number.store(value &+ difference, ordering: .relaxed) }
}

/// What the front door counts on one loop. `FrontDoor.Gauges` says what each means.
struct Tallies: ~Copyable, Sendable {
  let connections = Tally()
  let accepted = Tally()
  let parked = Tally()
  let streams = Tally()
  let requests = Tally()
  let abandoned = Tally()
  let stalls = Tally()
  let pauses = Tally()
  let bytesIn = Tally()
  let bytesOut = Tally()
  private let params = Tally()
  private let body = Tally()
  private let badRequest = Tally()
  private let malformed = Tally()
  private let fastCGIOnSCGI = Tally()
  private let scgiOnFastCGI = Tally()
  private let deadline = Tally()

  func refuse(_ reason: FrontDoor.Gauges.Reason) {
    switch reason {
    case .params: params.add(1)
    case .body: body.add(1)
    case .badRequest: badRequest.add(1)
    case .malformed: malformed.add(1)
    case .fastCGIOnSCGI: fastCGIOnSCGI.add(1)
    case .scgiOnFastCGI: scgiOnFastCGI.add(1)
    case .deadline: deadline.add(1)
    }
  }

  func add(to gauges: inout FrontDoor.Gauges) {
    gauges.connections += connections.value
    gauges.accepted += accepted.value
    gauges.parked += parked.value
    gauges.streams += streams.value
    gauges.requests += requests.value
    gauges.abandoned += abandoned.value
    gauges.stalls += stalls.value
    gauges.pauses += pauses.value
    gauges.bytesIn += bytesIn.value
    gauges.bytesOut += bytesOut.value
    gauges.refusals[.params, default: 0] += params.value
    gauges.refusals[.body, default: 0] += body.value
    gauges.refusals[.badRequest, default: 0] += badRequest.value
    gauges.refusals[.malformed, default: 0] += malformed.value
    gauges.refusals[.fastCGIOnSCGI, default: 0] += fastCGIOnSCGI.value
    gauges.refusals[.scgiOnFastCGI, default: 0] += scgiOnFastCGI.value
    gauges.refusals[.deadline, default: 0] += deadline.value
  }
}
