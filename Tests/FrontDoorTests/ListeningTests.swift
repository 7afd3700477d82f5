import EventLoop
import FrontDoor
import Glibc
import Testing

@Suite struct ListeningTests {
  @Test func whenAcceptingStopsEachConnectionEndsAfterItsNextAnswer() throws {
    let door = try Door()
    let server = try door.connect()
    server.send(Records.request())
    #expect(server.receive() != nil)
    door.door.stopAccepting()
    let address = door.address
    #expect(eventually { (try? WebServer(address)) == nil })
    server.send(Records.request())
    #expect(server.receive()?.status == 200)
    #expect(server.isClosed)
  }

  @Test func closingTheIdleSparesTheParked() throws {
    let parking = Parking()
    let door = try Door { request, exchange in
      if request.path == "/park" { parking.park(exchange) } else { exchange.reply(Response(.ok)) }
    }
    let idle = try door.connect()
    idle.send(Records.request())
    #expect(idle.receive() != nil)
    let parked = try door.connect()
    parked.send(Records.request("GET", "/park"))
    let exchange = try #require(parking.parked.take())
    door.door.closeIdle()
    #expect(idle.isClosed)
    exchange.reply(Response(.ok))
    #expect(parked.receive()?.status == 200)
  }

  @Test func closingTellsTheOwnersOfTheParked() throws {
    let parking = Parking()
    let door = try Door { _, exchange in parking.park(exchange, token: 3) }
    let server = try door.connect()
    server.send(Records.request())
    _ = parking.parked.take()
    door.door.close()
    #expect(parking.gone.take() == 3)
    #expect(server.isClosed)
  }

  @Test func theSocketHasItsModeAndIsRemovedAtTheEnd() throws {
    let folder = try Folder()
    let address = ListenAddress.unix(path: folder.path + "/door.sock", mode: 0o622)
    var door: Door? = try Door(address: address)
    var status = stat()
    #expect(stat(folder.path + "/door.sock", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o622)
    #expect(door != nil)
    door = nil
    #expect(stat(folder.path + "/door.sock", &status) != 0)
  }

  @Test(arguments: [nil, ListenAddress.tcp(host: "127.0.0.1", port: 0), .tcp(host: "::1", port: 0)])
  func anAddressWhereAnotherListensIsRefused(address: ListenAddress?) throws {
    let door = try Door(address: address)
    let error = #expect(throws: FrontDoorError.self) { try Door(address: door.address) }
    #expect(error?.code == .occupied)
    #expect(try door.connect().send(Records.request()))
  }

  @Test func aSocketLeftBehindIsReplaced() throws {
    let folder = try Folder()
    let path = folder.path + "/door.sock"
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let bound = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    #expect(bound == 0)
    close(dead)
    let door = try Door(address: .unix(path: path, mode: 0o600))
    let server = try door.connect()
    server.send(Records.request())
    #expect(server.receive()?.status == 200)
  }

  @Test func aFileThatIsNoSocketIsLeftAlone() throws {
    let folder = try Folder()
    let path = folder.path + "/file"
    close(open(path, O_CREAT | O_WRONLY, 0o600))
    let error = #expect(throws: FrontDoorError.self) { try Door(address: .unix(path: path, mode: 0o600)) }
    #expect(error?.code == .occupied)
    #expect(access(path, F_OK) == 0)
  }
}
