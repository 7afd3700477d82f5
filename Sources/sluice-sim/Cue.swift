import NIOCore

/// One thing the server does for an answer, and when.
struct Cue: Equatable, Sendable {
  /// Counted from the arrival of the whole request.
  let at: TimeAmount
  let action: Action

  enum Action: Equatable, Sendable {
    case head(Head)
    /// Body bytes, in a write of their own, and how many tokens are sent with the last of them.
    case write(ByteBuffer, tokens: Int = 0)
    /// Body bytes that stay as they are, whatever the content is encoded with.
    case raw(ByteBuffer)
    /// One token between these bytes: the time of the write in nanoseconds, and a blank.
    case clock(before: ByteBuffer, after: ByteBuffer)
    /// The body is whole; the connection stays for the next request.
    case end(Exchange.End)
    /// The connection closes, the body does not end.
    case cut
    /// The connection is reset.
    case reset
    /// Nothing more happens until the client goes.
    case hold
  }

  struct Head: Equatable, Sendable {
    var status = 200
    var contentType = "application/json"
    /// nil: chunked.
    var length: Int?
    var retryAfter = RetryAfter.none
    /// The `location` header; nil: no such header.
    var location: String?
    /// Whether the body is said to be gzip'd.
    var isGzipped = false
    /// Further headers.
    var more: [Header] = []
  }

  /// A whole answer at once.
  static func whole(
    _ body: ByteBuffer, status: Int = 200, contentType: String = "application/json", at time: TimeAmount = .zero,
    tokens: Int = 0, end: Exchange.End = .completed, headers: [Header] = []
  ) -> [Cue] {
    let head = Head(
      status: status, contentType: contentType, length: body.readableBytes, retryAfter: usualRetryAfter(status),
      more: headers)
    return [
      Cue(at: time, action: .head(head)), Cue(at: time, action: .write(body, tokens: tokens)),
      Cue(at: time, action: .end(end)),
    ]
  }

  /// What a provider says where no scenario says otherwise.
  static func usualRetryAfter(_ status: Int) -> RetryAfter { status == 429 || status == 503 ? .seconds(1) : .none }
}

/// Cues whose writes are cut into pieces of at most `size` bytes.
struct SplitCues: IteratorProtocol {
  private var cues: any IteratorProtocol<Cue>
  private let size: Int
  private var rest: (at: TimeAmount, bytes: ByteBuffer, tokens: Int)?

  init(_ cues: any IteratorProtocol<Cue>, size: Int) {
    self.cues = cues
    self.size = size
  }

  mutating func next() -> Cue? {
    if let (at, whole, tokens) = rest {
      var bytes = whole
      let piece = bytes.readSlice(length: min(size, bytes.readableBytes)) ?? ByteBuffer()
      let isLast = bytes.readableBytes == 0
      rest = isLast ? nil : (at, bytes, tokens)
      return Cue(at: at, action: .write(piece, tokens: isLast ? tokens : 0))
    }
    guard let cue = cues.next() else { return nil }
    guard case .write(let bytes, let tokens) = cue.action, bytes.readableBytes > size else { return cue }
    rest = (cue.at, bytes, tokens)
    return next()
  }
}
