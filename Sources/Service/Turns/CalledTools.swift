import Chat
import Providers
import Wire

/// The tool calls of one answer, gathered until it is whole: providers give their arguments piece by piece, and those of
/// several calls mixed.
// A class, for each callback of the transfer lends it on; confined to the transfer's loop.
final class CalledTools {
  /// Bytes of all calls together.
  static let limit = 1 << 20
  /// Bytes of id and name.
  static let longestName = 512
  /// Bytes of arguments in one event: escaped, and with id and name, they keep within a chunk.
  private static let piece = 1_024

  private struct Call {
    let id: String
    let name: String
    var arguments: [UInt8] = []
  }

  /// Those that may be called.
  private let names: Set<String>
  private var calls: [Int: Call] = [:]
  private var byteCount = 0

  /// Whether a bound was hit: no event is made then.
  private(set) var isTooLong = false
  /// Whether a tool was called that may not be: no event is made then, and the turn is over.
  private(set) var isRefused = false

  /// `offered`: what the client can answer; nil: no tool was spoken of. `granted`: what the identity may use
  /// (`StartStore.Plan.tools`). A turn that is begun anew may have lost since what it was granted when it began.
  init(offered: ProviderTools?, granted: [String]?) {
    let offered = Set(offered?.list.map(\.name) ?? [])
    names = granted.map { offered.intersection($0) } ?? offered
  }

  /// `index` counts the calls from 0.
  func begin(_ index: Int, id: String, name: String) {
    guard id.utf8.count + name.utf8.count <= Self.longestName else { return isTooLong = true }
    guard names.contains(name) else { return isRefused = true }
    count(id.utf8.count + name.utf8.count)
    // Who answers a call must be able to name it.
    calls[index] = Call(id: id.isEmpty ? "call_\(index)" : id, name: name)
  }

  /// Valid UTF-8; what belongs to no call is left out.
  func add(_ utf8: UnsafeRawBufferPointer, to index: Int) {
    count(utf8.count)
    if !isTooLong { calls[index]?.arguments.append(contentsOf: utf8) }
  }

  private func count(_ bytes: Int) {
    byteCount += bytes
    if byteCount > Self.limit { isTooLong = true }
  }

  /// One event a call, in their order: `{"type":"tool","id":…,"name":…,"arguments":…,"status":"requested"}`. Long
  /// arguments come in several of them, all but the last `arriving`.
  var events: [[UInt8]] {
    if isTooLong || isRefused { return [] }
    return calls.sorted { $0.key < $1.key }.flatMap { Self.events(of: $0.value) }
  }

  private static func events(of call: Call) -> [[UInt8]] {
    // A call without arguments has none to give, but they are an object all the same.
    var rest = call.arguments.isEmpty ? Array("{}".utf8)[...] : call.arguments[...]
    var events: [[UInt8]] = []
    while !rest.isEmpty {
      let end = Self.end(of: rest)
      events.append(event(call, arguments: rest[..<end], isLast: end == rest.endIndex))
      rest = rest[end...]
    }
    return events
  }

  /// Where a piece ends: between two characters.
  private static func end(of rest: ArraySlice<UInt8>) -> Int {
    guard rest.count > piece else { return rest.endIndex }
    var end = rest.startIndex + piece
    while end > rest.startIndex + 1, rest[end] & 0xC0 == 0x80 { end -= 1 }
    return end
  }

  private static func event(_ call: Call, arguments: ArraySlice<UInt8>, isLast: Bool) -> [UInt8] {
    var writer = JSONWriter(capacity: arguments.count + 256)
    writer.beginObject()
    writer.member("type", "tool")
    writer.member("id", call.id)
    writer.member("name", call.name)
    writer.key("arguments")
    writer.string(utf8: Array(arguments))
    writer.member("status", isLast ? "requested" : "arriving")
    writer.endObject()
    return writer.bytes
  }
}
