import NIOCore

/// Wakes the connections of one event loop, to the millisecond: all that are due in the same one share a timer, for with
/// thousands of streams a timer each would cost more than the tokens.
final class Metronome: @unchecked Sendable {  // Confined to `eventLoop`: every method is called on it.
  private let eventLoop: any EventLoop
  private var waiting: [Int64: [Connection]] = [:]

  init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  /// Wakes `connection` at `time` or up to a millisecond later, once.
  /// - Returns: the beat it waits for, for ``cancel(_:at:)``.
  func wake(_ connection: Connection, at time: NIODeadline) -> Int64 {
    eventLoop.assertInEventLoop()
    // Rounded up, and never the beat being played: a cue is not early, and no beat is scheduled twice.
    let beat = Int64((max(time, .now()).uptimeNanoseconds + 999_999) / 1_000_000)
    if waiting[beat] == nil {
      let start = NIODeadline.uptimeNanoseconds(UInt64(beat) * 1_000_000)
      eventLoop.assumeIsolated().scheduleTask(deadline: start) { self.play(beat) }
    }
    waiting[beat, default: []].append(connection)
    return beat
  }

  /// Takes back a wake-up that has not come yet, so that a closed connection is not kept until then.
  func cancel(_ connection: Connection, at beat: Int64) {
    eventLoop.assertInEventLoop()
    waiting[beat]?.removeAll { $0 === connection }
  }

  private func play(_ beat: Int64) {
    for connection in waiting.removeValue(forKey: beat) ?? [] { connection.wake() }
  }
}
