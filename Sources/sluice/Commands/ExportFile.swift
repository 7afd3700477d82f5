import Glibc

/// A file that nobody else reads.
final class ExportFile {
  private let path: String
  private let descriptor: Int32

  /// Refused for one that is there already.
  init(path: String) throws(Refusal) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.refusal(path) }
  }

  deinit { close(descriptor) }

  /// The bytes and a newline.
  func write(_ line: [UInt8]) throws(Refusal) {
    var rest = (line + [0x0A])[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.refusal(path) }
      rest = rest.dropFirst(count)
    }
  }

  private static func refusal(_ path: String) -> Refusal {
    Refusal("\(Plain.line(path)) cannot be written: \(String(cString: strerror(errno)))")
  }
}
