import FoundationEssentials

/// Files that serve as inputs. They are read from the checkout: the tests and `make fuzz` both run in one.
enum Inputs {
  private static let folder = folder(of: #filePath)

  /// Every input that once broke the target of that name, by file name.
  static func regressions(of target: String) throws -> [(name: String, bytes: [UInt8])] {
    let folder = "\(folder)/Regressions/\(target)"
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    return try files(in: folder)
  }

  /// The providers' answers that the tests of the drivers read.
  static func answers(ending suffix: String = "") throws -> [[UInt8]] {
    let fixtures = "\(folder)/../ProvidersTests/Fixtures"
    // Each folder is a driver's.
    return try FileManager.default.contentsOfDirectory(atPath: fixtures).filter { !$0.contains(".") }.sorted()
      .flatMap { try files(in: "\(fixtures)/\($0)") }
      .filter { !$0.name.hasPrefix("request") && $0.name.hasSuffix(suffix) }
      .map(\.bytes)
  }

  /// The files that sites take over into their configuration.
  static func nginx() throws -> [[UInt8]] {
    try files(in: "\(folder)/../../nginx").filter { $0.name.hasSuffix(".conf") }.map(\.bytes)
  }

  private static func files(in folder: String) throws -> [(name: String, bytes: [UInt8])] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted().compactMap { name in
      guard !name.hasPrefix("."), let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
        return nil
      }
      return (name, Array(data))
    }
  }

  private static func folder(of file: String) -> String {
    file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
  }
}
