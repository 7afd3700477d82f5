import Foundation

/// The bytes of a file in `Fixtures/`.
struct Fixture {
  private static var folder: URL { Bundle.module.bundleURL.appendingPathComponent("Fixtures") }

  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: Self.folder.appendingPathComponent(folder).path)
  }

  let bytes: [UInt8]

  init(_ name: String) throws {
    bytes = Array(try Data(contentsOf: Self.folder.appendingPathComponent(name)))
  }

  /// Without the line feed that ends the file.
  var text: String { String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes[...], as: UTF8.self) }
}

/// How lines may end; the fixtures' own is LF.
enum LineEnd: CaseIterable {
  case lf, cr, crlf, mixed

  func ending(_ bytes: [UInt8]) -> [UInt8] {
    var line = 0
    return bytes.flatMap { byte -> [UInt8] in
      guard byte == UInt8(ascii: "\n") else { return [byte] }
      line += 1
      switch self {
      case .lf: return [0x0A]
      case .cr: return [0x0D]
      case .crlf: return [0x0D, 0x0A]
      case .mixed: return [[0x0D, 0x0A], [0x0A], [0x0D]][line % 3]  // never CR before LF: that is one end
      }
    }
  }
}
