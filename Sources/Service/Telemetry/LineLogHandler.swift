import EventLoop
import FoundationEssentials
import Glibc
package import Logging
import Synchronization
import Wire

/// Writes one line an event to standard error: as words for people, or as JSON for collectors.
package struct LineLogHandler: LogHandler {
  package enum Format: String, Sendable, CaseIterable { case text, json }

  package var metadata: Logger.Metadata = [:]
  private let format: Format
  private let label: String

  package init(label: String, format: Format) {
    self.label = label
    self.format = format
  }

  /// One level for all loggers of the process, changed by a reload.
  package static var level: Logger.Level {
    get { levels[shared.load(ordering: .relaxed)] }
    set { shared.store(levels.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
  }

  private static let levels = Logger.Level.allCases
  private static let shared = Atomic(levels.firstIndex(of: .info) ?? 0)

  package var logLevel: Logger.Level {
    get { Self.level }
    set { Self.level = newValue }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let time = Date().ISO8601Format(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    var line: [UInt8]
    switch format {
    case .text:
      let tail = fields.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
      line = Array("\(time) \(event.level) \(label): \(event.message)\(tail)".utf8)
    case .json:
      var writer = JSONWriter()
      writer.beginObject()
      writer.member("time", time)
      writer.member("level", event.level.rawValue)
      writer.member("component", label)
      writer.member("message", "\(event.message)")
      for (key, value) in fields {
        writer.key(escaping: key)
        writer.string("\(value)")
      }
      writer.endObject()
      line = writer.bytes
    }
    line.append(0x0A)
    line.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// With quotes where spaces or quotes would make the line ambiguous; on one line in any case.
  private static func quoted(_ text: String) -> String {
    let plain = text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 < 0x7F }
    if plain, !text.isEmpty { return text }
    var bytes: [UInt8] = []
    JSONText.append(quoted: text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
