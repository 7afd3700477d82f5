import CCurl
import Glibc

// What libcurl calls: at file scope, because a closure formed in an isolated context must not be called from C. The
// context is unretained: a multi handle is closed before it goes, and it retains its transfers until they have ended.

func onSocket(
  _ easy: UnsafeMutableRawPointer?, _ descriptor: curl_socket_t, _ interest: Int32,
  _ context: UnsafeMutableRawPointer?, _ assigned: UnsafeMutableRawPointer?
) -> Int32 {
  MultiHandle.at(context)?.watch(descriptor, interest)
  return 0
}

func onTimer(_ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?) -> Int32 {
  MultiHandle.at(context)?.schedule(milliseconds: milliseconds)
  return 0
}

func onConnected(
  _ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutablePointer<CChar>?, _ own: UnsafeMutablePointer<CChar>?,
  _ peerPort: Int32, _ ownPort: Int32
) -> Int32 {
  Transfer.at(context)?.connected()
  return CURL_PREREQFUNC_OK
}

/// Once for each address that is tried. A refused one counts as unreachable: the name's next is tried.
func onOpenSocket(
  _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let address, let target = ccurl_target(address), Transfer.at(context)?.mayConnect(to: target) == true else {
    return -1
  }
  let kind = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
  let descriptor = socket(address.pointee.family, kind, address.pointee.protocol)
  if descriptor >= 0, kind & Int32(SOCK_STREAM.rawValue) != 0 {
    // A connection that many streams share and that has silently died must not take each new one for a quarter of an
    // hour: what was sent is acknowledged in that time, or it ends (tcp(7)).
    var milliseconds: UInt32 = 20_000
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, socklen_t(MemoryLayout<UInt32>.size))
  }
  return descriptor
}

func onHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  Transfer.at(context)?.received(line: UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
}

func onBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  Transfer.at(context)?.received(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
}

extension MultiHandle {
  /// The multi handle that was given `context`.
  static func at(_ context: UnsafeMutableRawPointer?) -> MultiHandle? {
    context.map { Unmanaged<MultiHandle>.fromOpaque($0).takeUnretainedValue() }
  }
}

extension Transfer {
  /// The transfer whose easy handle was given `context`.
  static func at(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The transfer that owns `easy`.
  static func of(_ easy: UnsafeMutableRawPointer?) -> Transfer? { at(easy.flatMap(EasyHandle.context)) }
}
