internal import CFastCGI
internal import Glibc

/// libfcgi as a pure codec: bytes to a request, a reply to bytes. One for each loop; to be used on one thread at a time.
///
/// It keeps nothing between two calls but its scratch memory, so a request that waits costs nothing here: to answer it,
/// libfcgi is given a synthetic beginning of the same request.
final class FastCGI {
  private let request = UnsafeMutablePointer<FCGX_Request>.allocate(capacity: 1)
  private let port = UnsafeMutablePointer<fastcgi_port>.allocate(capacity: 1)

  /// No open descriptor has this number: should libfcgi ever touch one, it gets EBADF.
  private static let noDescriptor = Int32.max
  /// Bytes of output memory kept between two replies.
  private static let keptOutput = 256 * 1024

  /// Throws `.codec` if libfcgi does not use the memory port.
  ///
  /// The first call takes SIGPIPE to be ignored, and lets libfcgi take those of SIGTERM, SIGHUP and SIGUSR1 that are
  /// still at their default: the program installs its own handling of them first.
  init() throws(FrontDoorError) {
    port.initialize(to: fastcgi_port())
    request.initialize(to: FCGX_Request())
    guard Self.initialized, end(requestID: 1)?.first == 1 else {
      throw FrontDoorError(.codec, "libfcgi does not use Sluice's memory port: it must be the shared library")
    }
  }

  private static let initialized: Bool = {
    guard FCGX_Init() == 0 else { return false }
    signal(SIGPIPE, SIG_IGN)
    return true
  }()

  deinit {
    fastcgi_port_free(port)
    port.deallocate()
    request.deallocate()
  }

  /// A whole request with `bodyLength` bytes of body, as `RecordScan` found it. Nil if its variables are malformed or
  /// name no method or path.
  func decode(_ bytes: borrowing Span<UInt8>, bodyLength: Int) -> Request? {
    guard PairScan.accepts(bytes) else { return nil }
    return bytes.withUnsafeBufferPointer { bytes in
      guard begin(bytes) else { return nil }
      defer { finish() }
      let body =
        bodyLength == 0
        ? []
        : [UInt8](unsafeUninitializedCapacity: bodyLength) { buffer, count in
          count = buffer.withMemoryRebound(to: CChar.self) {
            Int(FCGX_GetStr($0.baseAddress, Int32(bodyLength), request.pointee.in))
          }
        }
      guard body.count == bodyLength, FCGX_GetError(request.pointee.in) == 0 else { return nil }
      return environment().request(body: body)
    }
  }

  /// The reply's bytes, valid until the next call; nil if memory is short.
  func encode(_ response: Response, requestID: UInt16) -> UnsafeRawBufferPointer? {
    reply(to: requestID) {
      put(response.head.bytes)
      guard response.head.allowsBody else { return }
      ContentLength.withText(of: response.body.count) { put(UnsafeRawBufferPointer($0)) }
      put(response.body)
    }
  }

  /// Part of a reply, with the end of the request if it is the last; as `encode` otherwise.
  func encode(piece: UnsafeRawBufferPointer, isLast: Bool, requestID: UInt16) -> UnsafeRawBufferPointer? {
    reply(to: requestID, isWhole: isLast) { put(piece) }
  }

  /// The end of a request that gets no reply.
  func end(requestID: UInt16) -> UnsafeRawBufferPointer? { reply(to: requestID) {} }

  // MARK: libfcgi

  private func reply(
    to requestID: UInt16, isWhole: Bool = true, _ write: () -> Void
  ) -> UnsafeRawBufferPointer? {
    let high = UInt8(requestID >> 8)
    let low = UInt8(requestID & 0xFF)
    // BEGIN_REQUEST of a responder that keeps the connection (closing it is not libfcgi's affair), then empty PARAMS.
    let beginning: InlineArray<24, UInt8> = [
      1, 1, high, low, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0,
      1, 4, high, low, 0, 0, 0, 0,
    ]
    return beginning.span.withUnsafeBufferPointer { beginning in
      guard begin(beginning) else { return nil }
      write()
      if !isWhole { FCGX_FFlush(request.pointee.out) }
      let failed = FCGX_GetError(request.pointee.out) != 0
      if isWhole { FCGX_Finish_r(request) }
      finish()
      return failed ? nil : UnsafeRawBufferPointer(start: port.pointee.output, count: port.pointee.output_length)
    }
  }

  /// Lets libfcgi read a request from `bytes`, which must stay until `finish()`. It cannot block: all bytes are there,
  /// and with -1 to listen on, a bad request ends in EBADF instead of a wait for the next connection.
  private func begin(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    fastcgi_port_load(port, bytes.baseAddress, bytes.count, Self.keptOutput)
    FCGX_InitRequest(request, -1, 0)
    request.pointee.ipcFd = Self.noDescriptor
    request.pointee.keepConnection = 1
    request.pointee.detached = 1
    fastcgi_port_use(port)
    if FCGX_Accept_r(request) == 0 { return true }
    finish()
    return false
  }

  private func finish() {
    FCGX_Free(request, 0)
    fastcgi_port_use(nil)
  }

  private func environment() -> Environment {
    var environment = Environment()
    var entry = request.pointee.envp
    while let text = entry?.pointee {
      if let sign = strchr(text, Int32(UInt8(ascii: "="))) {
        let bytes = UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self)
        let length = sign - text
        environment.note(
          name: UnsafeBufferPointer(start: bytes, count: length),
          value: UnsafeBufferPointer(start: bytes + length + 1, count: strlen(sign + 1)))
      }
      entry = entry?.successor()
    }
    return environment
  }

  private func put(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { put($0) }
  }

  private func put(_ bytes: UnsafeRawBufferPointer) {
    _ = FCGX_PutStr(bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), request.pointee.out)
  }
}
