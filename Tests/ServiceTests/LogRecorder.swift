import Logging
import Synchronization

/// Keeps what is logged, for a test to look at.
final class LogRecorder: Sendable {
  struct Line: Equatable {
    let level: Logger.Level
    let message: String
    let fields: [String: String]
  }

  private let kept = Mutex<[Line]>([])

  var log: Logger { Logger(label: "test") { [self] _ in Handler(recorder: self) } }

  /// What came since the last look.
  func take() -> [Line] {
    kept.withLock { kept in
      defer { kept = [] }
      return kept
    }
  }

  private struct Handler: LogHandler {
    let recorder: LogRecorder
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let line = Line(
        level: event.level, message: "\(event.message)", fields: (event.metadata ?? [:]).mapValues { "\($0)" })
      recorder.kept.withLock { $0.append(line) }
    }
  }
}
