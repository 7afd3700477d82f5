import Dispatch
public import Glibc

/// Takes the place of the system's resolver for some names: looking up one takes until the test says so. libcurl finds
/// this function before the C library's because the test's program exports it.
enum SlowResolver {
  static let host = "slow.resolver.test"

  /// Look-ups that have begun and not ended.
  static let waiting = Watched(0)
  private static let gate = DispatchSemaphore(value: 0)

  /// Ends the look-ups that wait: there is no such name.
  static func answer() { for _ in 0..<waiting.value { gate.signal() } }

  /// Names that have these addresses, in this order, without delay.
  static let answers = [
    "link-local.resolver.test": ["169.254.1.1"],
    "metadata.resolver.test": ["169.254.169.254", "fd00:ec2::254"],
    "mixed.resolver.test": ["169.254.1.1", "127.0.0.1"],
    "loopback.resolver.test": ["127.0.0.1"],
  ]

  fileprivate static func addresses(
    _ texts: [String], _ service: UnsafePointer<CChar>?, _ hints: UnsafePointer<addrinfo>?,
    _ result: UnsafeMutablePointer<UnsafeMutablePointer<addrinfo>?>?
  ) -> Int32 {
    var first: UnsafeMutablePointer<addrinfo>?
    for text in texts.reversed() {
      var list: UnsafeMutablePointer<addrinfo>?
      guard system?(text, service, hints, &list) == 0, let list else { continue }
      var last = list
      while let next = last.pointee.ai_next { last = next }
      last.pointee.ai_next = first
      first = list
    }
    result?.pointee = first
    return first == nil ? EAI_NONAME : 0
  }

  fileprivate static func lookUp() -> Int32 {
    waiting.update { $0 += 1 }
    gate.wait()
    waiting.update { $0 -= 1 }
    return EAI_NONAME
  }

  fileprivate typealias Function =
    @convention(c) (
      UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<addrinfo>?,
      UnsafeMutablePointer<UnsafeMutablePointer<addrinfo>?>?
    ) -> Int32

  /// The C library's own.
  fileprivate static let system: Function? = dlsym(UnsafeMutableRawPointer(bitPattern: -1), "getaddrinfo").map {
    unsafeBitCast($0, to: Function.self)
  }
}

@_cdecl("getaddrinfo")
public func resolve(
  _ node: UnsafePointer<CChar>?, _ service: UnsafePointer<CChar>?, _ hints: UnsafePointer<addrinfo>?,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<addrinfo>?>?
) -> Int32 {
  if let node, String(cString: node) == SlowResolver.host { return SlowResolver.lookUp() }
  if let node, let texts = SlowResolver.answers[String(cString: node)] {
    return SlowResolver.addresses(texts, service, hints, result)
  }
  return SlowResolver.system?(node, service, hints, result) ?? EAI_SYSTEM
}
