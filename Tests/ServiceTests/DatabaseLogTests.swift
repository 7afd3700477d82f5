import EventLoop
import Logging
import Store
import Testing

@testable import Service

@Suite struct DatabaseLogTests {
  private let recorder = LogRecorder()
  private let gone = StoreError(.unavailable, cause: "connection refused")
  private let locked = StoreError(.timeout, cause: "")

  /// The messages at warning or above.
  private func warnings() -> [String] { recorder.take().filter { $0.level >= .warning }.map(\.message) }

  @Test func anOutageIsToldOnceWhateverFailsMeanwhile() {
    let log = DatabaseLog(.flusher, recorder.log)
    log.changed(.lost(gone))
    for _ in 1...3 {
      log.failed("flush will be repeated", gone)
      log.failed("surfaces not read", gone)
    }
    let lines = recorder.take()
    #expect(
      lines.filter { $0.level >= .info } == [
        LogRecorder.Line(
          level: .warning, message: "database lost", fields: ["pool": "flusher", "error": "\(gone)"])
      ])
    #expect(lines.count { $0.level == .debug } == 6)
    log.changed(.back(after: 8_600))
    #expect(
      recorder.take() == [
        LogRecorder.Line(level: .info, message: "database back", fields: ["pool": "flusher", "after": "9s"])
      ])
    log.failed("surfaces not read", gone)
    #expect(warnings() == ["surfaces not read"])
  }

  @Test func theSameWordsOfOnePartComeOnceAMinute() {
    let log = DatabaseLog(.common, recorder.log)
    let start = Instant.now()
    for second in 0..<130 {
      log.failed(
        "surfaces not read", locked, metadata: ["n": "\(second)"], at: start.advanced(milliseconds: second * 1_000))
    }
    #expect(warnings().count == 3)
    log.failed("surfaces not read", gone, at: start.advanced(milliseconds: 130_000))
    log.failed("reaper stopped short", gone, at: start.advanced(milliseconds: 130_000))
    #expect(warnings() == ["surfaces not read", "reaper stopped short"])
  }
}
