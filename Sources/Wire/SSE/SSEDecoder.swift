/// Reads a stream of server-sent events, cut anywhere (WHATWG HTML, 9.2.6 "Interpreting an event stream").
///
///     var input = bytes
///     while let event = try decoder.next(in: &input) { … }
///
/// Between calls it holds only what is unfinished, and that is bounded by the limit.
package struct SSEDecoder: Sendable {
  /// 16 MiB, for one line as for the joined data of one event.
  package static let defaultLimit = 16 << 20

  private static let longestID = 1024

  private let limit: Int
  private let gathersTail: Bool
  private var lines: Lines
  private var atStart = true
  private var heldName: ArraySlice<UInt8> = []
  /// Nil if the event that has begun has no data line yet.
  private var heldData: ArraySlice<UInt8>?

  /// Whether `next` has read part of a line other than a comment since this was last set to false. Comments keep a
  /// connection open; they do not show that the server makes progress.
  package var sawData: Bool {
    get { lines.sawData }
    set { lines.sawData = newValue }
  }

  /// The last `id:` of the stream, which stays from event to event; empty if there was none. Longer than 1 KB is ignored.
  package private(set) var lastEventID = ""

  /// The last `retry:`, in milliseconds; nil if there was none.
  package private(set) var retryMilliseconds: Int?

  /// The lines that are neither fields nor comments from the first one on that begins like a JSON object or array, each
  /// with a line feed: some servers report an error as bare JSON behind the events, or in their place. Empty unless
  /// `gathersTail` was set.
  package private(set) var tail: [UInt8] = []

  package init(limit: Int = defaultLimit, gathersTail: Bool = false) {
    self.limit = limit
    self.gathersTail = gathersTail
    lines = Lines(limit: limit, comment: UInt8(ascii: ":"))
  }

  /// The next whole event in `input`, which then begins behind it; nil when `input` is used up and its rest kept.
  ///
  /// Throws when a line or an event is longer than the limit: the stream cannot be read any further.
  package mutating func next(in input: inout UnsafeRawBufferPointer) throws(LineError) -> SSEEvent? {
    if input.isEmpty { return nil }
    // What lies in `input` is copied only if the event does not end there.
    var name = StreamBytes.owned(heldName)
    var data = heldData.map { StreamBytes.owned($0) }
    heldName = []
    heldData = nil
    while let line = try lines.next(in: &input) {
      if try read(line, name: &name, data: &data), let data { return SSEEvent(name: name, data: data) }
    }
    heldName = name.kept
    heldData = data?.kept
    return nil
  }

  /// To be called at the stream's end: the event that lacks its blank line, if it has data.
  ///
  /// The specification discards it. Providers do end a stream right behind the last line, and then the finish of a turn
  /// must not be lost; half an event is no valid JSON and is refused further up.
  package mutating func finish() throws(LineError) -> SSEEvent? {
    var name = StreamBytes.owned(heldName)
    var data = heldData.map { StreamBytes.owned($0) }
    heldName = []
    heldData = nil
    if let line = lines.finish() { _ = try read(line, name: &name, data: &data) }
    return data.map { SSEEvent(name: name, data: $0) }
  }

  /// Returns true for the line that ends an event. One that ends without data is forgotten, its name with it.
  private mutating func read(
    _ line: StreamBytes, name: inout StreamBytes, data: inout StreamBytes?
  ) throws(LineError) -> Bool {
    let line = withoutMark(line)
    switch SSEField(line: line) {
    case .end:
      if data == nil { name = .empty }
      return true
    case .data(let value):
      guard let count = data?.count else {
        data = value
        break
      }
      guard count + 1 + value.count <= limit else { throw .tooLong }
      data?.join(value)
    case .event(let value):
      name = value
    case .id(let value):
      value.withBytes { bytes in
        if bytes.count <= Self.longestID, !bytes.contains(0) { lastEventID = String(decoding: bytes, as: UTF8.self) }
      }
    case .retry(let value):
      value.withBytes { bytes in
        guard !bytes.isEmpty, bytes.count < 10, bytes.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return }
        retryMilliseconds = bytes.reduce(0) { $0 * 10 + Int($1 - 0x30) }
      }
    case .ignored:
      if gathersTail { try gather(line) }
    }
    return false
  }

  private mutating func gather(_ line: StreamBytes) throws(LineError) {
    try line.withBytes { (line) throws(LineError) in
      switch line.first {
      case UInt8(ascii: ":"): return
      case UInt8(ascii: "{"), UInt8(ascii: "["): break
      default: if tail.isEmpty { return }
      }
      guard tail.count + line.count < limit else { throw .tooLong }
      tail.append(contentsOf: line)
      tail.append(UInt8(ascii: "\n"))
    }
  }

  /// The stream may begin with a byte order mark.
  private mutating func withoutMark(_ line: StreamBytes) -> StreamBytes {
    guard atStart else { return line }
    atStart = false
    return line.withBytes { $0.starts(with: [0xEF, 0xBB, 0xBF]) } ? line.dropping(3) : line
  }
}
