internal import Glibc

/// The sockets that systemd passed to this process, as its environment tells (sd_listen_fds(3)). The environment stays as
/// it is.
package struct SocketActivation: Sendable {
  private let process: String?
  private let count: String?
  private let names: String?
  private let ownProcess: Int32
  /// What sd-daemon.h calls SD_LISTEN_FDS_START.
  private let first: Int32

  /// What the manager calls a descriptor that has no name.
  private static let unnamed = "unknown"
  private static let maxCount = 4096

  /// `value`: the value of an environment variable. `process`: the number of this process. `first`: the first descriptor
  /// passed, 3 by that protocol.
  package init(
    process: Int32 = getpid(), first: Int32 = 3,
    value: (_ name: String) -> String? = { getenv($0).map { String(cString: $0) } }
  ) {
    self.process = value("LISTEN_PID")
    count = value("LISTEN_FDS")
    names = value("LISTEN_FDNAMES")
    ownProcess = process
    self.first = first
  }

  /// Those of that name, or all; never none. Throws `.inherited` with what is amiss.
  func descriptors(named name: String?) throws(FrontDoorError) -> [Int32] {
    guard let process, let count else {
      throw amiss("systemd passed no socket (LISTEN_FDS is not set): start the program by its socket unit")
    }
    guard Int32(process) == ownProcess else {
      throw amiss("LISTEN_PID is \(process), not this process: nothing may stand between systemd and the program")
    }
    guard let count = Int32(count), (1...Int32(Self.maxCount)).contains(count) else {
      throw amiss("LISTEN_FDS is `\(count)`, not the number of sockets that were passed")
    }
    let descriptors = first..<(first + count)
    guard let name else { return Array(descriptors) }
    let names =
      self.names.map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
      ?? Array(repeating: Self.unnamed, count: Int(count))
    guard names.count == descriptors.count else {
      throw amiss("LISTEN_FDNAMES has \(names.count) names for \(count) sockets")
    }
    let named = zip(names, descriptors).filter { $0.0 == name }.map(\.1)
    guard !named.isEmpty else {
      throw amiss(
        "none of the sockets that systemd passed has the name \(name), but \(names.joined(separator: ", ")): "
          + "set FileDescriptorName=\(name) in the socket unit")
    }
    return named
  }

  private func amiss(_ description: String) -> FrontDoorError { FrontDoorError(.inherited, description) }
}
