/// Where those of one loop wait who read turns.
protocol WaitingRoom: AnyObject, Sendable {
  /// From any thread: there is something for those behind these tickets.
  func wake(_ tickets: [Ticket])
}

/// A place in a waiting room. A stale one is recognised by its generation.
struct Ticket: Sendable, Equatable {
  let place: UInt32
  let generation: UInt32
}

/// Readers to wake, gathered over many turns so that each loop is woken once.
struct Wakeups {
  private var lists: [(room: any WaitingRoom, tickets: [Ticket])] = []

  mutating func add(_ ticket: Ticket, of room: any WaitingRoom) {
    if let index = lists.firstIndex(where: { $0.room === room }) {
      lists[index].tickets.append(ticket)
    } else {
      lists.append((room, [ticket]))
    }
  }

  func send() { for list in lists { list.room.wake(list.tickets) } }
}
