import CCurl

/// One libcurl easy handle with its header list and error text: the only owner of the three.
final class EasyHandle {
  let pointer: UnsafeMutableRawPointer
  private var headers: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>

  /// Ready to be added to a multi handle. `context` is what the callbacks get and what `context(of:)` returns;
  /// `sessions`, which must outlive it, keeps what TLS may take up again.
  init(
    _ request: UpstreamRequest, _ settings: UpstreamSettings, _ way: Way, _ sessions: UnsafeMutableRawPointer,
    context: UnsafeMutableRawPointer
  ) throws(TransferError) {
    guard let pointer = curl_easy_init() else { throw TransferError(.outOfMemory) }
    self.pointer = pointer
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try set(CURLOPT_ERRORBUFFER, pointer: errorText)
    try set(CURLOPT_PRIVATE, pointer: context)
    try set(CURLOPT_WRITEDATA, pointer: context)
    try set(CURLOPT_HEADERDATA, pointer: context)
    try set(CURLOPT_PREREQDATA, pointer: context)
    try set(CURLOPT_OPENSOCKETDATA, pointer: context)
    try set(CURLOPT_SHARE, pointer: sessions)
    try check(ccurl_set_on_body(pointer, onBody))
    try check(ccurl_set_on_header(pointer, onHeader))
    try check(ccurl_set_on_connected(pointer, onConnected))
    try check(ccurl_set_on_open_socket(pointer, onOpenSocket))
    try configure(settings)
    try take(way, settings)
    try describe(request)
  }

  deinit {
    curl_easy_cleanup(pointer)
    curl_slist_free_all(headers)
    errorText.deallocate()
  }

  private func configure(_ settings: UpstreamSettings) throws(TransferError) {
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_QUICK_EXIT, 1)  // else removing a handle waits for its name look-up
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_TCP_NODELAY, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    try set(CURLOPT_USERAGENT, settings.userAgent)
    try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    try set(CURLOPT_CA_CACHE_TIMEOUT, 60)  // seconds: a bundle that was replaced is to be taken up
    try set(CURLOPT_CAPATH, pointer: nil)  // a folder of authorities would defeat the cache of parsed ones
    try set(CURLOPT_CAINFO, pointer: nil)
    if let bundle = settings.caBundle { try set(CURLOPT_CAINFO, bundle) }
    try set(CURLOPT_KEYPASSWD, "")  // else OpenSSL asks the terminal for the password of an encrypted key
  }

  /// Both options of a proxy are always set, for where one is not, libcurl asks the environment.
  private func take(_ way: Way, _ settings: UpstreamSettings) throws(TransferError) {
    try set(CURLOPT_HTTP_VERSION, way.version)
    // A token's event has 300 bytes; by default each stream would hold 16 KiB. On HTTP/2 all that libcurl reads at once
    // must fit, or the frames behind it wait, in 7.88 sometimes for ever; it touches only what it needs.
    try set(CURLOPT_BUFFERSIZE, way.version == Int(CURL_HTTP_VERSION_1_1) ? 4_096 : 32_768)
    try set(CURLOPT_PIPEWAIT, way.waits ? 1 : 0)
    try set(CURLOPT_FRESH_CONNECT, way.isAlone ? 1 : 0)
    try set(CURLOPT_FORBID_REUSE, way.isAlone ? 1 : 0)
    try set(CURLOPT_PROXY, way.proxy ?? "")
    try set(CURLOPT_NOPROXY, "")
    guard way.proxy != nil else { return }
    try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)  // the proxy's head is not the provider's
    try set(CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    try set(CURLOPT_PROXY_CAPATH, pointer: nil)
    try set(CURLOPT_PROXY_CAINFO, pointer: nil)
    if let bundle = settings.caBundle { try set(CURLOPT_PROXY_CAINFO, bundle) }
  }

  private func identify(_ tls: UpstreamTLS) throws(TransferError) {
    try tls.check()
    if let bundle = tls.caBundle { try set(CURLOPT_CAINFO, bundle) }
    guard let certificate = tls.certificate else { return }
    try set(CURLOPT_SSLCERT, certificate)
    try set(CURLOPT_SSLKEY, tls.key ?? certificate)
  }

  private func describe(_ request: UpstreamRequest) throws(TransferError) {
    try set(CURLOPT_URL, request.url)
    try set(CURLOPT_CONNECTTIMEOUT_MS, request.limits.connect)
    if let tls = request.tls { try identify(tls) }
    try append(header: "Expect:")  // else a long body waits a second for "100 Continue"
    if !request.headers.contains(where: { $0.name.lowercased() == "accept-encoding" }) {
      try append(header: "Accept-Encoding: identity")
    }
    for (name, value) in request.headers {
      guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A && $0 != 0x3B }),
        value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
      else { throw TransferError(.refusedHeader) }
      try append(header: value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    try set(CURLOPT_HTTPHEADER, pointer: headers)
    guard request.method == .post else { return }
    try set(CURLOPT_POST, 1)
    try check(ccurl_set_offset(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
    // Never a null pointer, with which libcurl would read the body from standard input.
    try check(
      request.body.withUnsafeBytes {
        ccurl_set_pointer(pointer, CURLOPT_COPYPOSTFIELDS, $0.baseAddress ?? UnsafeRawPointer(errorText))
      })
  }

  private func append(header: String) throws(TransferError) {
    guard let longer = curl_slist_append(headers, header) else { throw TransferError(.outOfMemory) }
    headers = longer
  }

  // MARK: what libcurl knows

  /// The `context` of the handle that `pointer` is.
  static func context(of pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    var context: UnsafeMutableRawPointer?
    ccurl_get_pointer(pointer, CURLINFO_PRIVATE, &context)
    return context
  }

  /// The response's status as read so far; 0 before.
  var status: Int {
    var status = 0
    ccurl_get_long(pointer, CURLINFO_RESPONSE_CODE, &status)
    return status
  }

  /// To be read when the head is complete.
  var head: ResponseHead {
    var type: UnsafeMutableRawPointer?
    ccurl_get_pointer(pointer, CURLINFO_CONTENT_TYPE, &type)
    var wait: curl_off_t = 0
    ccurl_get_offset(pointer, CURLINFO_RETRY_AFTER, &wait)
    return ResponseHead(
      status: status,
      contentType: type.map { String(cString: $0.assumingMemoryBound(to: CChar.self)) },
      retryAfter: wait > 0 ? Int(wait) : nil,
      requestID: header("x-request-id") ?? header("request-id") ?? header("x-amzn-requestid"))
  }

  /// To be read when the head is complete; nil if the body is as it is.
  var contentCoding: String? {
    guard let coding = header("content-encoding"), !coding.isEmpty, coding.lowercased() != "identity" else {
      return nil
    }
    return coding
  }

  /// Whether a proxy was asked for a connection to the host and did not give it.
  var isRefusedByProxy: Bool {
    var status = 0
    ccurl_get_long(pointer, CURLINFO_HTTP_CONNECTCODE, &status)
    return status != 0 && !(200...299).contains(status)
  }

  private func header(_ name: String) -> String? {
    var found: UnsafeMutablePointer<curl_header>?
    guard curl_easy_header(pointer, name, 0, UInt32(CURLH_HEADER), -1, &found) == CURLHE_OK else { return nil }
    return found.map { String(cString: $0.pointee.value) }
  }

  /// Whether the response, the head of which has come, is one of HTTP/2.
  var isHTTP2: Bool {
    var version = 0
    ccurl_get_long(pointer, CURLINFO_HTTP_VERSION, &version)
    return version == CURL_HTTP_VERSION_2_0
  }

  /// Whether libcurl says more about a failure than its code.
  var hasWords: Bool { errorText[0] != 0 }

  /// What a transfer failed of that ended with `code`, in libcurl's words.
  func failure(_ code: CURLcode, connected: Bool) -> (code: TransferError.Code, cause: String) {
    let words = String(cString: errorText[0] == 0 ? curl_easy_strerror(code) : UnsafePointer(errorText))
    let reason = isRefusedByProxy ? .proxy : TransferError.Code(code, connected: connected, cause: words)
    return (reason, reason == .other ? "libcurl \(code.rawValue): \(words)" : words)
  }

  // MARK: options

  private func set(_ option: CURLoption, _ value: Int) throws(TransferError) {
    try check(ccurl_set_long(pointer, option, value))
  }

  /// libcurl copies the text.
  private func set(_ option: CURLoption, _ value: String) throws(TransferError) {
    try check(value.withCString { ccurl_set_pointer(pointer, option, $0) })
  }

  private func set(_ option: CURLoption, pointer value: UnsafeRawPointer?) throws(TransferError) {
    try check(ccurl_set_pointer(pointer, option, value))
  }

  private func check(_ code: CURLcode) throws(TransferError) {
    guard code != CURLE_OK else { return }
    let (reason, cause) = failure(code, connected: false)
    throw TransferError(reason, cause: cause)
  }
}
