import Glibc

/// A poll's reply, read with as little work as a load generator can afford: members in the order in which Sluice writes
/// them, texts as they are escaped.
struct PollReply {
  private(set) var cursor = ""
  private(set) var state = ""
  private(set) var pollAfter = 0
  /// Where the texts of the events stand.
  private(set) var texts: [Range<Int>] = []

  /// Nil if this is no such reply.
  init?(_ body: UnsafeRawBufferPointer) {
    var place = 0
    guard let cursor = Self.string(after: #""cursor":""#, in: body, from: &place),
      let state = Self.string(after: #""state":""#, in: body, from: &place)
    else { return nil }
    self.cursor = String(decoding: body[cursor], as: UTF8.self)
    self.state = String(decoding: body[state], as: UTF8.self)
    while let text = Self.string(after: #"{"type":"text","text":""#, in: body, from: &place) { texts.append(text) }
    guard let pollAfter = Self.number(after: #""poll_after_ms":"#, in: body, from: place) else { return nil }
    self.pollAfter = pollAfter
  }

  /// The number that stands behind `mark`, without a sign.
  static func number(after mark: StaticString, in body: UnsafeRawBufferPointer, from place: Int = 0) -> Int? {
    guard var index = find(mark, in: body, from: place) else { return nil }
    var number = 0
    while index < body.count, (0x30...0x39).contains(body[index]) {
      number = number * 10 + Int(body[index] - 0x30)
      index += 1
    }
    return number
  }

  /// The string that begins after `mark`, up to its closing quote; moves `place` behind it.
  static func string(
    after mark: StaticString, in body: UnsafeRawBufferPointer, from place: inout Int
  ) -> Range<Int>? {
    guard let start = find(mark, in: body, from: place) else { return nil }
    var end = start
    while end < body.count, body[end] != 0x22 { end += body[end] == 0x5C ? 2 : 1 }
    guard end < body.count else { return nil }
    place = end
    return start..<end
  }

  /// Where `mark` ends.
  private static func find(_ mark: StaticString, in body: UnsafeRawBufferPointer, from place: Int) -> Int? {
    let length = mark.utf8CodeUnitCount
    guard let base = body.baseAddress else { return nil }
    var start = place
    while body.count - start >= length {
      guard let candidate = memchr(base + start, Int32(mark.utf8Start.pointee), body.count - start - length + 1)
      else { return nil }
      start = UnsafeRawPointer(candidate) - base
      if memcmp(candidate, mark.utf8Start, length) == 0 { return start + length }
      start += 1
    }
    return nil
  }
}
