import Foundation

/// The bytes of a file in `Fixtures/`.
struct Fixture {
  private static var folder: URL { Bundle.module.bundleURL.appendingPathComponent("Fixtures") }

  static func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }

  let bytes: [UInt8]

  init(_ name: String) throws {
    bytes = Array(try Data(contentsOf: Self.folder.appendingPathComponent(name)))
  }

  /// The bytes with other line ends; the fixtures' own is LF.
  func ending(lines end: LineEnd) -> [UInt8] {
    var line = 0
    return bytes.flatMap { byte -> [UInt8] in
      guard byte == UInt8(ascii: "\n") else { return [byte] }
      line += 1
      switch end {
      case .lf: return [0x0A]
      case .cr: return [0x0D]
      case .crlf: return [0x0D, 0x0A]
      case .mixed: return [[0x0D, 0x0A], [0x0A], [0x0D]][line % 3]  // never CR before LF: that is one end
      }
    }
  }

  enum LineEnd: CaseIterable { case lf, cr, crlf, mixed }
}
