internal import EventLoop
internal import Glibc

/// Who may connect to a unix socket that we make: who may write to it.
package struct SocketAccess: Sendable, Hashable {
  /// Permissions.
  package let mode: UInt16
  /// Name or number; nil leaves the group as the system sets it.
  package let group: String?

  package init(mode: UInt16, group: String? = nil) {
    self.mode = mode
    self.group = group
  }

  /// Binds `descriptor`, a new socket, at `path`. Until group and mode are what they should be nobody may connect: on
  /// Linux the path takes its permissions from the socket (unix_bind), and here that has none.
  /// Throws `.group`, or the `SystemError` of what failed; the path is then not there.
  func bind(_ descriptor: Int32, at path: String, _ bind: () -> Int32) throws {
    let group = try self.group.map(Self.number)
    guard fchmod(descriptor, 0) == 0 else { throw SystemError("fchmod") }
    guard bind() == 0 else { throw SystemError("bind") }
    do {
      if let group, lchown(path, uid_t.max, group) != 0 {
        guard errno == EPERM else { throw SystemError("chown") }
        throw FrontDoorError(
          .group,
          "unix:\(path): the process is not in the group \(self.group ?? ""), so it may not give the socket to it")
      }
      guard chmod(path, mode_t(mode)) == 0 else { throw SystemError("chmod") }
    } catch {
      unlink(path)
      throw error
    }
  }

  /// Of a group by its name, or by its number, which need not be known. Throws `.group` if there is none, and the
  /// `SystemError` of a look-up that failed.
  package static func number(of group: String) throws -> UInt32 {
    if group.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = gid_t(group), number != .max {
      return number
    }
    // Beside the number an entry has the names of its members: what a directory service calls large still fits.
    return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 20) { memory in
      var entry = Glibc.group()
      var found: UnsafeMutablePointer<Glibc.group>?
      let code = getgrnam_r(group, &entry, memory.baseAddress!, memory.count, &found)
      if found != nil { return entry.gr_gid }
      guard code == 0 || code == ENOENT || code == ESRCH else { throw SystemError("getgrnam", code: code) }
      throw FrontDoorError(.group, "there is no group \(group)")
    }
  }
}
