import NIOCore

/// Cues of a stream with a comment wherever nothing else was sent for a while; a stream that stalls has them for ever.
struct BeatCues: IteratorProtocol {
  private var cues: any IteratorProtocol<Cue>
  private let beat: TimeAmount
  private var framing: EventFraming
  private var upcoming: Cue?
  /// When something was sent last; nil before the headers.
  private var last: TimeAmount?

  init(_ cues: any IteratorProtocol<Cue>, every beat: TimeAmount, framing: EventFraming) {
    self.cues = cues
    self.beat = beat
    self.framing = framing
  }

  mutating func next() -> Cue? {
    guard let cue = upcoming ?? cues.next() else { return nil }
    upcoming = nil
    if let last, cue.action == .hold || cue.at > last + beat {
      upcoming = cue
      self.last = last + beat
      return Cue(at: last + beat, action: .write(framing.heartbeat()))
    }
    if case .head = cue.action { last = cue.at }
    if let last { self.last = max(last, cue.at) }
    return cue
  }
}
