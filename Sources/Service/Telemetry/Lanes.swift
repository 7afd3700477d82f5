import EventLoop

/// Where a thread counts: each loop in a lane of its own, all other threads in the last one.
struct Lane: Sendable, Equatable {
  let index: Int
}

/// The lanes of a process.
struct Lanes: Sendable {
  private let loops: [EventLoop]

  init(loops: [EventLoop]) { self.loops = loops }

  var count: Int { loops.count + 1 }

  /// The calling thread's. What is confined to a loop asks once and keeps it.
  var current: Lane { Lane(index: loops.firstIndex { $0.isCurrent } ?? loops.count) }
}
