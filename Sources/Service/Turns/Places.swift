/// Places in a waiting room, taken again and again: a ticket for one that was left is stale.
struct Places<Guest> {
  private struct Place {
    var generation: UInt32 = 0
    var guest: Guest?
  }

  private var places: [Place] = []
  private var free: [UInt32] = []

  var indices: Range<Int> { places.indices }

  /// Who is at a place; nil if it is free, or kept for one who has not come yet.
  subscript(place: Int) -> Guest? {
    get { places[place].guest }
    set { places[place].guest = newValue }
  }

  /// A place to name before its guest comes.
  mutating func reserve() -> Ticket {
    let place = free.popLast() ?? UInt32(places.count)
    if place == places.count { places.append(Place()) }
    return ticket(of: Int(place))
  }

  mutating func release(_ place: Int) {
    places[place].generation &+= 1
    places[place].guest = nil
    free.append(UInt32(place))
  }

  /// The guest stays; the tickets that were given out for it are stale.
  mutating func renew(_ place: Int) { places[place].generation &+= 1 }

  func ticket(of place: Int) -> Ticket {
    Ticket(place: UInt32(place), generation: places[place].generation)
  }

  func isValid(_ ticket: Ticket) -> Bool { places[Int(ticket.place)].generation == ticket.generation }
}
