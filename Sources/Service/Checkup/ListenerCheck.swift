import FrontDoor
import Glibc

/// Whether a listener can be made, and whether those can reach it who should, and no others.
struct ListenerCheck {
  /// The key of the configuration.
  let subject: String
  let address: ListenAddress

  func findings() -> [Finding] {
    switch address.place {
    case .unix(let path, let access): unix(path, access)
    case .tcp(let host, _): tcp(host)
    case .descriptor, .systemd: [.ok(subject, "\(address): handed over at the start, not looked at here")]
    }
  }

  private func tcp(_ host: String) -> [Finding] {
    if HostAddress.isLoopback(host) { return [.ok(subject, address.description)] }
    return [
      .warn(
        subject, "\(address) is reached from other machines, and the protocol has neither passwords nor encryption",
        mend: "listen on unix:/… or 127.0.0.1, or let a firewall admit your nginx alone")
    ]
  }

  private func unix(_ path: String, _ access: SocketAccess) -> [Finding] {
    let folder = Self.parent(of: path)
    var status = stat()
    guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      return [
        .fail(subject, "\(folder) is not there", mend: "install -d -o sluice -g www-data -m 750 \(folder)")
      ]
    }
    guard faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 else {
      return [
        .fail(
          subject, "\(folder) cannot be written to by \(Self.userName())",
          mend: "chown the folder to the program's user; `sluice check` is to be run as that user")
      ]
    }
    var existing = stat()
    if lstat(path, &existing) == 0, existing.st_mode & S_IFMT != S_IFSOCK {
      return [.fail(subject, "\(path) is there and is no socket", mend: "remove it, or choose another path")]
    }
    if let closed = Self.firstClosed(from: folder) {
      return [
        .fail(
          subject, "nobody but its owner may pass through \(closed), nginx's workers neither",
          mend: "chmod g+x \(closed), with nginx's group as its group")
      ]
    }
    return group(path, access) ?? permissions(path, access.mode)
  }

  /// Nil if the socket can be given to its group.
  private func group(_ path: String, _ access: SocketAccess) -> [Finding]? {
    guard let group = access.group else { return nil }
    do {
      if Self.mayGive(to: try SocketAccess.number(of: group)) { return nil }
    } catch {
      return [.fail(subject, "\(error)", mend: "`getent group \(group)` asks the same")]
    }
    let user = Self.userName()
    return [
      .fail(
        subject, "\(user) is not in the group \(group) (socket_group), so it may not give \(path) to it",
        mend: "usermod -a -G \(group) \(user), or SupplementaryGroups=\(group) in the unit")
    ]
  }

  /// Root may give to any group (chown(2)).
  private static func mayGive(to group: gid_t) -> Bool {
    if geteuid() == 0 || getegid() == group { return true }
    let count = getgroups(0, nil)
    guard count > 0 else { return false }
    return [gid_t](unsafeUninitializedCapacity: Int(count)) { groups, filled in
      filled = max(0, Int(getgroups(count, groups.baseAddress)))
    }.contains(group)
  }

  private func permissions(_ path: String, _ mode: UInt16) -> [Finding] {
    if mode & 0o006 == 0o006 {
      return [
        .warn(subject, "every user of this machine may connect to \(path)", mend: "set `socket_mode` to 660")
      ]
    }
    if mode & 0o060 != 0o060 {
      return [
        .fail(
          subject, "nobody but its owner may connect to \(path), nginx's workers neither",
          mend: "set `socket_mode` to 660 and run the program in the group of nginx's workers")
      ]
    }
    return [.ok(subject, address.description)]
  }

  private static func parent(of path: String) -> String {
    let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    return parent.isEmpty ? "/" : parent
  }

  /// The first folder on the way that only its owner may pass through.
  private static func firstClosed(from folder: String) -> String? {
    var folder = folder
    while true {
      var status = stat()
      if stat(folder, &status) == 0, status.st_mode & 0o011 == 0 { return folder }
      if folder == "/" { return nil }
      folder = parent(of: folder)
    }
  }

  private static func userName() -> String {
    guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else { return "user \(geteuid())" }
    return String(cString: name)
  }
}
