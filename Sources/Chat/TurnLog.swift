import Wire

/// A turn's chunks in order, encoded once.
///
/// All events of an epoch stand in one array, each with a comma before it, so that whatever a reader has not read yet
/// is one contiguous slice: a poll copies it and drops the first comma. A chunk is what was sealed at one time; it is
/// the unit of the cursor, of the row in `turn_delta` and of a retry. Chunk numbers begin at 1; a reader's offset is
/// the number of the last chunk it has read.
package struct TurnLog: Sendable {
  /// A chunk never holds more bytes than this.
  package static let chunkLimit = 16 * 1024
  /// A reply holds whole chunks up to this many bytes, and at least one.
  package static let replyLimit = 64 * 1024

  package let epoch: Int
  private var bytes: [UInt8] = []
  /// Where each sealed chunk ends in `bytes`.
  private var ends: [Int] = []
  private var openEvent = OpenEvent.none
  /// True once the log holds text: the turn has an answer, were it only a part.
  package private(set) var hasAnswer = false
  /// How many chunks are committed: readers never see past it.
  package private(set) var watermark = 0

  private enum OpenEvent { case none, text, reasoning }

  package init(epoch: Int = 1) { self.epoch = epoch }

  /// How many chunks are sealed.
  package var sealed: Int { ends.count }
  package var byteCount: Int { bytes.count }
  /// Bytes that are not committed yet, sealed or not: the window that pauses the upstream.
  package var uncommittedBytes: Int { bytes.count - end(watermark) }
  /// True if something was appended since the last seal.
  package var hasUnsealed: Bool { bytes.count > end(ends.count) }

  private func end(_ chunk: Int) -> Int { chunk == 0 ? 0 : ends[chunk - 1] }

  // MARK: writing

  /// `utf8` must be valid UTF-8. Text that follows text in an open chunk joins its event.
  package mutating func appendText(_ utf8: UnsafeRawBufferPointer) {
    hasAnswer = hasAnswer || !utf8.isEmpty
    append(utf8, as: .text)
  }

  /// As `appendText`, for the model's reasoning where the policy shows it.
  package mutating func appendReasoning(_ utf8: UnsafeRawBufferPointer) { append(utf8, as: .reasoning) }

  private mutating func append(_ utf8: UnsafeRawBufferPointer, as kind: OpenEvent) {
    var rest = utf8
    while !rest.isEmpty {
      // 512 bytes escape to at most 3,072: small enough to keep the chunk's limit without counting ahead.
      let piece = Self.prefix(of: rest, atMost: 512)
      if bytes.count - end(ends.count) + 6 * piece.count + 64 > Self.chunkLimit { seal() }
      if openEvent != kind {
        closeEvent()
        let head: StaticString = kind == .text ? #",{"type":"text","text":""# : #",{"type":"reasoning","text":""#
        bytes.append(contentsOf: UnsafeBufferPointer(start: head.utf8Start, count: head.utf8CodeUnitCount))
        openEvent = kind
      }
      JSONText.append(piece, to: &bytes)
      rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
    }
  }

  /// Appends text as a chunk of its own; as several if one cannot hold it.
  package mutating func append(chunk utf8: UnsafeRawBufferPointer) {
    seal()
    appendText(utf8)
    seal()
  }

  /// Appends one whole JSON event object.
  package mutating func append(event: [UInt8]) {
    if bytes.count - end(ends.count) + event.count + 64 > Self.chunkLimit { seal() }
    closeEvent()
    bytes.append(0x2C)
    bytes.append(contentsOf: event)
  }

  /// Closes the open chunk; nothing happens if it is empty.
  package mutating func seal() {
    guard hasUnsealed else { return }
    closeEvent()
    ends.append(bytes.count)
  }

  /// A chunk that another node wrote, as its row holds it. It is committed already.
  package mutating func append(committed events: [UInt8]) {
    hasAnswer = hasAnswer || Self.holdsText(events)
    bytes.append(0x2C)
    bytes.append(contentsOf: events)
    ends.append(bytes.count)
    watermark = ends.count
  }

  /// All chunks up to `chunk` are committed.
  package mutating func commit(through chunk: Int) { watermark = max(watermark, min(chunk, ends.count)) }

  private mutating func closeEvent() {
    guard openEvent != .none else { return }
    bytes.append(0x22)
    bytes.append(0x7D)
    openEvent = .none
  }

  /// The longest prefix of at most `limit` bytes that ends between two scalars.
  private static func prefix(of utf8: UnsafeRawBufferPointer, atMost limit: Int) -> UnsafeRawBufferPointer {
    guard utf8.count > limit else { return utf8 }
    var count = limit
    while count > limit - 4, utf8[count] & 0xC0 == 0x80 { count -= 1 }
    return UnsafeRawBufferPointer(rebasing: utf8[..<count])
  }

  /// Inside a string the quotes would be escaped, so this finds the events only.
  private static func holdsText(_ events: [UInt8]) -> Bool {
    let mark = Array(#""type":"text""#.utf8)
    guard events.count >= mark.count else { return false }
    return (0...(events.count - mark.count)).contains { start in
      events[start] == mark[0] && events[start..<(start + mark.count)].elementsEqual(mark)
    }
  }

  // MARK: reading

  /// The events of one sealed chunk joined by commas: what its row holds.
  package func events(of chunk: Int) -> ArraySlice<UInt8> { bytes[(end(chunk - 1) + 1)..<end(chunk)] }

  /// What a reader that has read `offset` chunks gets: whole chunks up to `head`, at most `replyLimit` bytes but at
  /// least one chunk. Empty if `offset` is not below `head`.
  package func slice(after offset: Int, through head: Int) -> (events: ArraySlice<UInt8>, offset: Int) {
    guard offset < head else { return ([], offset) }
    let from = end(offset)
    var last = head
    if end(head) - from > Self.replyLimit {
      var low = offset + 1
      var high = head
      while low < high {
        let middle = (low + high + 1) / 2
        if end(middle) - from <= Self.replyLimit { low = middle } else { high = middle - 1 }
      }
      last = low
    }
    return (bytes[(from + 1)..<end(last)], last)
  }

  /// The text of all sealed text events together: the answer as a message holds it. Empty if there is none.
  package var answer: [UInt8] {
    guard hasAnswer, !ends.isEmpty else { return [] }
    let events = [0x5B] + bytes[1..<end(ends.count)] + [0x5D]
    // The log is this program's own JSON, or a committed row of it; what does not parse would have no text to give.
    guard let document = try? JSONDocument(parsing: events, limit: .max) else { return [] }
    var answer: [UInt8] = []
    for event in document.root.elements where event["type"]?.string == "text" {
      event["text"]?.withString { answer.append(contentsOf: $0) }
    }
    return answer
  }
}
