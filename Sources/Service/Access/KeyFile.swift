import Glibc

/// A file of an issuer's keys on this machine.
struct KeyFile: Sendable, Equatable {
  let path: String

  /// What tells a file from its successor.
  struct Stamp: Sendable, Equatable {
    fileprivate let device: UInt
    fileprivate let inode: UInt
    fileprivate let size: Int
    /// Of its content, and of what may be done with it.
    fileprivate let changed: [Int]
  }

  /// Nil if it is not there.
  var stamp: Stamp? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Stamp(
      device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
      changed: [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec])
  }

  /// All of it. Throws for what cannot be read, is no regular file, or is longer than `limit` bytes.
  func read(limit: Int) throws(KeyFault) -> [UInt8] {
    // A pipe would never end, nor even open.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.fault(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw KeyFault(.unreachable, "it is no file")
    }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
      let read = bytes.withUnsafeMutableBytes { all in
        let rest = UnsafeMutableRawBufferPointer(rebasing: all[count...])
        return Glibc.read(descriptor, rest.baseAddress, rest.count)
      }
      guard read >= 0 else { throw Self.fault(errno) }
      if read == 0 { break }
      count += read
    }
    guard count <= limit else { throw KeyFault(.malformed, "longer than \(limit) bytes") }
    return Array(bytes.prefix(count))
  }

  private static func fault(_ code: Int32) -> KeyFault { KeyFault(.unreachable, String(cString: strerror(code))) }
}
