import EventLoop

/// The part of a load that counts: it begins when the load has settled, and lasts its time.
///
/// *Loop only.*
final class Measurement: TimerHandler {
  private enum Mark: Int { case begin, end }

  private let loop: EventLoop
  private let seconds: Double
  private let watched: [Watched]
  private let ended: ([String: Double]) -> Void
  private(set) var isRunning = false
  private var begunAt = Instant.now()
  private var cpu: [Double] = []

  /// `seconds`: its length. `ended` is told how long it was (`seconds`), and of each watched process the CPU seconds that
  /// it took (`cpu_…`) and its resident bytes at the end (`resident_…`).
  init(loop: EventLoop, seconds: Double, watched: [Watched], ended: @escaping ([String: Double]) -> Void) {
    self.loop = loop
    self.seconds = seconds
    self.watched = watched
    self.ended = ended
  }

  /// In so many seconds from now.
  func begin(after settle: Double) { schedule(settle, .begin) }

  func timerFired(_ token: Int) {
    switch Mark(rawValue: token) {
    case .begin:
      isRunning = true
      begunAt = .now()
      cpu = watched.map(\.cpu)
      schedule(seconds, .end)
    case .end:
      isRunning = false
      ended(numbers)
    case nil: break
    }
  }

  private var numbers: [String: Double] {
    var numbers = ["seconds": Double(Instant.now().nanoseconds - begunAt.nanoseconds) / 1e9]
    for (index, watched) in watched.enumerated() {
      numbers["cpu_\(watched.name)"] = watched.cpu - cpu[index]
      numbers["resident_\(watched.name)"] = Double(watched.resident)
    }
    return numbers
  }

  private func schedule(_ seconds: Double, _ mark: Mark) {
    _ = loop.schedule(at: .now().advanced(milliseconds: Int(seconds * 1_000)), handler: self, token: mark.rawValue)
  }
}
