import Dispatch
import EventLoop
import FrontDoor
import Glibc
import Synchronization

/// An open front door on loops of its own, with a closure as its handler; all is closed when it goes.
final class Door {
  let door: FrontDoor
  private let pool: LoopPool
  private let folder: Folder

  /// `address`: nil for a unix socket in a temporary folder. Whatever it says, the listener speaks `dialect`.
  convenience init(
    loops: Int = 1, address: ListenAddress? = nil, speaking dialect: Dialect = .fastCGI, limits: Limits = Limits(),
    handle: @escaping @Sendable (Request, Exchange) -> Void = { _, exchange in exchange.reply(Response(.ok)) }
  ) throws {
    try self.init(
      loops: loops, address: address, speaking: dialect, limits: limits, handler: Handler(action: handle))
  }

  init(
    loops: Int = 1, address: ListenAddress? = nil, speaking dialect: Dialect = .fastCGI, limits: Limits = Limits(),
    handler: any RequestHandler, activation: SocketActivation = SocketActivation()
  ) throws {
    folder = try Folder()
    pool = try LoopPool(count: loops)
    let place = address?.place ?? ListenAddress.unix(path: folder.path + "/door.sock", mode: 0o600).place
    door = try FrontDoor(
      loops: pool.loops, listeners: [ListenAddress(place, speaking: dialect)], limits: limits, handler: handler,
      activation: activation)
    door.start()
    pool.start()
  }

  deinit {
    door.close()
    pool.stop()
  }

  var address: ListenAddress { door.addresses[0] }

  func connect() throws -> WebServer { try WebServer(address) }

  var gauges: FrontDoor.Gauges { door.gauges() }
}

private final class Handler: RequestHandler {
  let action: @Sendable (Request, Exchange) -> Void
  init(action: @escaping @Sendable (Request, Exchange) -> Void) { self.action = action }
  func handle(_ request: Request, _ exchange: Exchange) { action(request, exchange) }
}

/// Parks every exchange and remembers whose peer went.
final class Parking: ParkedOwner {
  let parked = Queue<Exchange>()
  let gone = Queue<Int>()

  func park(_ exchange: Exchange, token: Int = 0) {
    exchange.park(owner: self, token: token)
    parked.put(exchange)
  }

  func peerGone(_ token: Int) { gone.put(token) }
}

/// Values from one thread to another.
final class Queue<Value: Sendable>: Sendable {
  private let values = Mutex<[Value]>([])
  private let filled = DispatchSemaphore(value: 0)

  func put(_ value: Value) {
    values.withLock { $0.append(value) }
    filled.signal()
  }

  /// The next value; nil if none comes.
  func take() -> Value? {
    guard filled.wait(timeout: .now() + 20) == .success else { return nil }
    return values.withLock { $0.removeFirst() }
  }

  var isEmpty: Bool { values.withLock { $0.isEmpty } }
}

/// A temporary folder, removed with all that lies in it.
final class Folder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/door-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit {
    for name in ["door.sock", "file"] { unlink(path + "/" + name) }
    rmdir(path)
  }
}

/// False if `condition` does not become true within 20 seconds.
func eventually(_ condition: () -> Bool) -> Bool {
  let end = Instant.now().advanced(milliseconds: 20_000)
  while !condition() {
    if Instant.now() > end { return false }
    usleep(500)
  }
  return true
}
