import NIOCore

/// Cues of a stream with a comment, or what the format has instead, wherever nothing else was sent for a while; a stream
/// that stalls has them for ever.
struct BeatCues: IteratorProtocol {
  private var cues: any IteratorProtocol<Cue>
  private let beat: TimeAmount
  private var framing: any Framing
  private let ping: Event?
  private var upcoming: Cue?
  /// When something was sent last; nil before the headers.
  private var last: TimeAmount?

  init(_ cues: any IteratorProtocol<Cue>, every beat: TimeAmount, framing: any Framing, ping: Event?) {
    self.cues = cues
    self.beat = beat
    self.framing = framing
    self.ping = ping
  }

  mutating func next() -> Cue? {
    guard let cue = upcoming ?? cues.next() else { return nil }
    upcoming = nil
    if let last, cue.action == .hold || cue.at > last + beat, let heartbeat = heartbeat() {
      upcoming = cue
      self.last = last + beat
      return Cue(at: last + beat, action: .write(heartbeat))
    }
    if case .head = cue.action { last = cue.at }
    if let last { self.last = max(last, cue.at) }
    return cue
  }

  private mutating func heartbeat() -> ByteBuffer? { ping.map { framing.events([$0]) } ?? framing.heartbeat() }
}
