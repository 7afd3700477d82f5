/// Pending timers as an indexed binary heap: insert, cancel and pop in O(log n), 40 bytes a timer. Pure.
struct TimerHeap {
  private struct Slot {
    var deadline: Instant
    var generation: UInt32
    /// Place in `heap`; -1 when the slot is free.
    var place: Int32
    var token: Int
    unowned(unsafe) var handler: (any TimerHandler)?
  }

  private var slots: [Slot] = []
  private var free: [UInt32] = []
  private var heap: [UInt32] = []

  var isEmpty: Bool { heap.isEmpty }
  var count: Int { heap.count }
  /// When the first timer is due; nil if there is none.
  var earliest: Instant? { heap.first.map { slots[Int($0)].deadline } }

  /// The handler must outlive the timer or cancel it: it is not retained.
  mutating func insert(_ deadline: Instant, handler: any TimerHandler, token: Int) -> TimerID {
    let slot: UInt32
    if let reused = free.popLast() {
      slot = reused
      slots[Int(slot)].deadline = deadline
      slots[Int(slot)].handler = handler
      slots[Int(slot)].token = token
    } else {
      slot = UInt32(slots.count)
      slots.append(Slot(deadline: deadline, generation: 0, place: -1, token: token, handler: handler))
    }
    heap.append(slot)
    slots[Int(slot)].place = Int32(heap.count - 1)
    rise(heap.count - 1)
    return TimerID(slot: slot, generation: slots[Int(slot)].generation)
  }

  /// False if the timer has fired or was cancelled before.
  @discardableResult
  mutating func cancel(_ timer: TimerID) -> Bool {
    guard Int(timer.slot) < slots.count else { return false }
    let slot = slots[Int(timer.slot)]
    guard slot.generation == timer.generation, slot.place >= 0 else { return false }
    remove(at: Int(slot.place))
    return true
  }

  /// The first timer that is due at `now`, taken out; nil if none is.
  mutating func pop(due now: Instant) -> (handler: any TimerHandler, token: Int)? {
    guard let first = heap.first, slots[Int(first)].deadline <= now else { return nil }
    let slot = slots[Int(first)]
    remove(at: 0)
    return slot.handler.map { ($0, slot.token) }
  }

  private mutating func remove(at place: Int) {
    let slot = Int(heap[place])
    slots[slot].place = -1
    slots[slot].generation &+= 1
    slots[slot].handler = nil
    free.append(UInt32(slot))
    let last = heap.removeLast()
    guard place < heap.count else { return }
    heap[place] = last
    slots[Int(last)].place = Int32(place)
    rise(place)
    sink(place)
  }

  private func deadline(_ place: Int) -> Instant { slots[Int(heap[place])].deadline }

  private mutating func exchange(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    slots[Int(heap[a])].place = Int32(a)
    slots[Int(heap[b])].place = Int32(b)
  }

  private mutating func rise(_ start: Int) {
    var place = start
    while place > 0, deadline(place) < deadline((place - 1) / 2) {
      exchange(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func sink(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count && deadline(child) < deadline(least) {
        least = child
      }
      if least == place { return }
      exchange(place, least)
      place = least
    }
  }
}
