import EventLoop
import Glibc
import Synchronization
import Testing

@testable import FrontDoor

/// Sockets that the program was started with. Serialized, because they stand at numbers that only these tests use.
@Suite(.serialized) struct InheritedSocketTests {
  /// Bound, not yet listening, with the path or port it has.
  private static func bound(_ address: ListenAddress, type: __socket_type = SOCK_STREAM) throws -> Int32 {
    var name = sockaddr_storage()
    let length = try address.fill(&name)
    let descriptor = socket(Int32(name.ss_family), Int32(type.rawValue), 0)
    try #require(
      withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
      } == 0)
    return descriptor
  }

  private static func listening(_ address: ListenAddress) throws -> Int32 {
    let descriptor = try bound(address)
    try #require(listen(descriptor, 16) == 0)
    return descriptor
  }

  /// Just below the limit, where no other test's descriptors come.
  private static let places: Atomic<Int32> = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Atomic(Int32(clamping: limit.rlim_cur) - 200)
  }()

  /// Moves descriptors to numbers that follow each other; the first of them.
  private static func place(_ descriptors: [Int32], at known: Int32? = nil) throws -> Int32 {
    let first = known ?? places.wrappingAdd(Int32(descriptors.count), ordering: .relaxed).oldValue
    for (offset, descriptor) in descriptors.enumerated() {
      let number = first + Int32(offset)
      try #require(fcntl(number, F_GETFD) < 0)
      try #require(dup2(descriptor, number) == number)
      close(descriptor)
    }
    return first
  }

  private static func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

  @Test(arguments: [Dialect.fastCGI, .scgi])
  func servesAUnixSocketItWasStartedWithAndLeavesItsPath(dialect: Dialect) throws {
    let folder = try Folder()
    let there = ListenAddress(.unix(path: folder.path + "/door.sock", access: .init(mode: 0o600)), speaking: dialect)
    let number = try Self.place([try Self.listening(there)])
    var door: Door? = try Door(address: ListenAddress(.descriptor(number)), speaking: dialect)
    #expect(door?.address == ListenAddress(.descriptor(number), speaking: dialect))
    #expect(door?.door.labels == [dialect == .scgi ? "scgi:fd:\(number)" : "fd:\(number)"])
    #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
    #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0)
    let server = try WebServer(there)
    server.send(dialect.request())
    #expect(server.receive()?.status == 200)
    #expect(door != nil)
    door = nil
    #expect(!Self.isOpen(number))
    #expect(access(folder.path + "/door.sock", F_OK) == 0)
  }

  @Test func servesATCPSocketItWasStartedWith() throws {
    let socket = try Self.listening(.tcp(host: "127.0.0.1", port: 0))
    var name = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutableBytes(of: &name) {
      _ = getsockname(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
    }
    let number = try Self.place([socket])
    let door = try Door(address: ListenAddress(.descriptor(number)))
    let server = try WebServer(.tcp(host: "127.0.0.1", port: UInt16(bigEndian: name.sin_port)))
    server.send(Records.request())
    #expect(server.receive()?.status == 200)
    #expect(door.gauges.requests == 1)
  }

  @Test func whatIsNoListeningStreamSocketIsRefusedAndLeftOpen() throws {
    let folder = try Folder()
    let wrong = [
      open("/dev/null", O_RDONLY), try Self.bound(.unix(path: folder.path + "/door.sock", mode: 0)),
      try Self.bound(.tcp(host: "127.0.0.1", port: 0), type: SOCK_DGRAM),
    ]
    for descriptor in wrong {
      let error = #expect(throws: FrontDoorError.self) { try Door(address: ListenAddress(.descriptor(descriptor))) }
      #expect(error?.code == .inherited)
      #expect(error?.description == "fd:\(descriptor) is no listening stream socket (unix or TCP)")
      #expect(Self.isOpen(descriptor))
      close(descriptor)
    }
  }

  @Test func aDescriptorThatIsNotOpenIsRefused() {
    let closed = Self.places.load(ordering: .relaxed) + 100
    let error = #expect(throws: FrontDoorError.self) { try Door(address: ListenAddress(.descriptor(closed))) }
    #expect(error?.code == .inherited)
    #expect(error?.description.contains("is not open") == true)
  }

  @Test func aDescriptorHasOneOwner() throws {
    let number = try Self.place([try Self.listening(.tcp(host: "127.0.0.1", port: 0))])
    var door: Door? = try Door(address: ListenAddress(.descriptor(number)))
    let error = #expect(throws: FrontDoorError.self) { try Door(address: ListenAddress(.descriptor(number))) }
    #expect(error?.code == .occupied)
    #expect(Self.isOpen(number))
    #expect(door != nil)
    door = nil
    _ = try Self.place([try Self.listening(.tcp(host: "127.0.0.1", port: 0))], at: number)
    door = try Door(address: ListenAddress(.descriptor(number)))
    #expect(door?.address == ListenAddress(.descriptor(number)))
  }

  @Test(arguments: [(nil, [0, 1, 2]), ("web", [0, 2]), ("ops", [1])] as [(String?, [Int])])
  func takesTheSocketsThatSystemdNames(name: String?, indices: [Int]) throws {
    let sockets = try (0..<3).map { _ in try Self.listening(.tcp(host: "127.0.0.1", port: 0)) }
    let first = try Self.place(sockets)
    defer { for number in first..<(first + 3) where Self.isOpen(number) { close(number) } }
    let variables = ["LISTEN_PID": "\(getpid())", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "web:ops:web"]
    let door = try Door(
      address: ListenAddress(.systemd(name: name)), speaking: .scgi, handler: Router([]),
      activation: SocketActivation(first: first) { variables[$0] })
    #expect(
      door.door.addresses == indices.map { ListenAddress(.descriptor(first + Int32($0)), speaking: .scgi) })
    let configured = name.map { "scgi:systemd:\($0)" } ?? "scgi:systemd"
    #expect(door.door.labels == indices.map { "\(configured) (fd:\(first + Int32($0)))" })
    for index in 0..<3 { #expect(fcntl(first + Int32(index), F_GETFD) & FD_CLOEXEC != 0 || !indices.contains(index)) }
  }
}
