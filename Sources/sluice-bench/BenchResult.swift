import FoundationEssentials
import Glibc

/// What one load found; printed as one JSON object.
struct BenchResult: Codable, Sendable {
  var numbers: [String: Double] = [:]
  /// count, p50, p99, max.
  var samples: [String: [String: Double]] = [:]
  /// What went wrong for good, and how often.
  var failures: [String: Int] = [:]
  /// What a client bears by trying again, and how often.
  var troubles: [String: Int] = [:]

  func print() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    Swift.print(String(decoding: try encoder.encode(self), as: UTF8.self))
    // A pipe would get it at the program's end.
    fflush(nil)
  }
}
