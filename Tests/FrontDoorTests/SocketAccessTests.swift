import Dispatch
import FrontDoor
import Glibc
import Testing

@Suite struct SocketAccessTests {
  private static func status(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
  }

  @Test func theSocketIsNeverOpenWiderThanAsked() throws {
    let folder = try Folder()
    let path = folder.path + "/door.sock"
    let opened = Queue<Void>()
    let done = Queue<Void>()
    let modes = Queue<Set<mode_t>>()
    DispatchQueue(label: "watcher").async {
      var seen: Set<mode_t> = []
      while done.isEmpty {
        if let status = Self.status(path), seen.insert(status.st_mode & 0o777).inserted { opened.put(()) }
      }
      modes.put(seen)
    }
    var door: Door? = try Door(address: .unix(path: path, mode: 0o640))
    _ = opened.take()
    for _ in 0..<300 {
      door = nil
      door = try Door(address: .unix(path: path, mode: 0o640))
    }
    done.put(())
    let seen = try #require(modes.take())
    #expect(seen.contains(0o640))
    #expect(seen.isSubset(of: [0, 0o640]))
    withExtendedLifetime(door) {}
  }

  @Test func anUnknownGroupIsRefusedAndLeavesNothing() throws {
    let folder = try Folder()
    let path = folder.path + "/door.sock"
    let error = #expect(throws: FrontDoorError.self) {
      try Door(address: .unix(path: path, mode: 0o660, group: "no such group"))
    }
    #expect(error?.code == .group)
    #expect(error?.description == "there is no group no such group")
    #expect(Self.status(path) == nil)
  }

  @Test(
    .enabled(if: geteuid() == 0, "only root may give a socket to any group"),
    arguments: ["daemon", "1", "54321"])
  func theSocketGetsItsGroup(group: String) throws {
    let folder = try Folder()
    let path = folder.path + "/door.sock"
    let door = try Door(address: .unix(path: path, mode: 0o660, group: group))
    let status = try #require(Self.status(path))
    #expect(status.st_gid == (gid_t(group) ?? 1))
    #expect(status.st_mode & 0o777 == 0o660)
    #expect(status.st_uid == geteuid())
    let server = try door.connect()
    server.send(Records.request())
    #expect(server.receive()?.status == 200)
  }

  @Test(.enabled(if: geteuid() != 0, "root may give a socket to any group"))
  func aGroupThatIsNotOursIsRefused() throws {
    let folder = try Folder()
    let path = folder.path + "/door.sock"
    let error = #expect(throws: FrontDoorError.self) {
      try Door(address: .unix(path: path, mode: 0o660, group: "0"))
    }
    #expect(error?.code == .group)
    #expect(Self.status(path) == nil)
  }
}
