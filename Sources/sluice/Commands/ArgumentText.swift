import ArgumentParser
import Glibc
import Wire

/// Long values: given on the command line, or as `@file`, `@-` for standard input.
enum ArgumentText {
  static let limit = 1 << 20

  /// The text itself; `@@…` stands for a text that begins with `@`. One line end at the end of a file is dropped.
  static func text(_ argument: String?, option: String) throws -> String? {
    guard let argument else { return nil }
    if argument.hasPrefix("@@") { return String(argument.dropFirst()) }
    guard argument.hasPrefix("@") else { return argument }
    let path = argument == "@-" ? "/dev/stdin" : String(argument.dropFirst())
    guard let file = bytes(of: path) else {
      throw misuse("\(option): \(path) cannot be read, or is larger than 1 MiB")
    }
    guard let text = String(validating: file, as: UTF8.self) else {
      throw misuse("\(option): \(path) is not UTF-8")
    }
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// A JSON object, as it was written.
  static func object(_ argument: String?, option: String) throws -> String? {
    guard let text = try text(argument, option: option) else { return nil }
    do {
      guard try JSONDocument(parsing: text, limit: limit).root.kind == .object else {
        throw misuse("\(option) must be a JSON object, such as {\"temperature\": 0.3}")
      }
    } catch let error as JSONError {
      throw misuse("\(option) is no JSON that this program reads: \(error.rawValue)")
    }
    return text
  }

  /// Nil if it cannot be read, or is longer than the limit.
  static func bytes(of path: String, limit: Int = limit) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= limit {
      let count = read(descriptor, &piece, piece.count)
      if count == 0 { return bytes.count <= limit ? bytes : nil }
      if count < 0, errno != EINTR { return nil }
      if count > 0 { bytes += piece[..<count] }
    }
    return nil
  }
}
