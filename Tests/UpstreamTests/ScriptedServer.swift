import Glibc
import Synchronization

/// An HTTP server on loopback that says for each connection what its script says, byte for byte. A thread each.
final class ScriptedServer: Sendable {
  typealias Script = @Sendable (ServedConnection) -> Void

  let port: UInt16
  /// Connections accepted so far, and those that have ended.
  let accepted = Watched(0)
  let ended = Watched(0)
  private let listener: Int32

  init(_ script: @escaping Script) {
    (listener, port) = Self.listen(backlog: 512)
    let (listener, accepted, ended) = (listener, accepted, ended)
    onThread {
      while true {
        let descriptor = accept(listener, nil, nil)
        if descriptor < 0 { break }
        accepted.update { $0 += 1 }
        onThread {
          let connection = ServedConnection(descriptor)
          script(connection)
          connection.close()
          ended.update { $0 += 1 }
        }
      }
      close(listener)
    }
  }

  /// Accepts no more; scripts that run go on to their end.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  func url(_ path: String = "/", scheme: String = "http") -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }

  /// A listening socket on loopback and its port.
  static func listen(backlog: Int32) -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(descriptor, $0, size)
        _ = Glibc.listen(descriptor, backlog)
        _ = getsockname(descriptor, $0, &size)
      }
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// A connection begun and left alone.
  static func dial(port: UInt16) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, kind, 0)
    var address = loopback(port: port)
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return descriptor
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}

/// Runs `job` on a thread of its own: scripts block, and the test's own pool has few threads.
func onThread(_ job: @escaping @Sendable () -> Void) {
  final class Box: Sendable {
    let job: @Sendable () -> Void
    init(_ job: @escaping @Sendable () -> Void) { self.job = job }
  }
  var thread = pthread_t()
  let box = Unmanaged.passRetained(Box(job)).toOpaque()
  let code = pthread_create(
    &thread, nil,
    {
      Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().job(); return nil
    }, box)
  precondition(code == 0, "no thread")
  pthread_detach(thread)
}
