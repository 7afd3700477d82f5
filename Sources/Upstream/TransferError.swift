import CCurl

/// Why a transfer failed.
package struct TransferError: Error, Sendable, Equatable {
  /// The raw value is stable: a label of metrics and logs.
  package enum Code: String, Sendable, CaseIterable {
    /// Not an `http` or `https` URL, or with user and password in it.
    case refusedURL = "refused_url"
    /// A header with a control character, or a name that is none.
    case refusedHeader = "refused_header"
    /// The host, or each of its addresses, is one that `AddressGuard` does not let through; the cause names the class.
    case refusedAddress = "refused_address"
    /// As many run and wait as may, in all or for this host.
    case tooManyTransfers = "too_many_transfers"
    /// No place to run within `UpstreamBounds.queueTimeout`.
    case queueTimeout = "queue_timeout"
    /// The host's name is unknown.
    case resolve
    /// Refused or unreachable: the host, or the proxy.
    case connect
    /// No connection within `Limits.connect`.
    case connectTimeout = "connect_timeout"
    /// The proxy's name is unknown, it wants other credentials, or would not or could not connect to the host.
    case proxy
    /// Handshake or certificate; the cause says which.
    case tls
    /// A file of authorities, certificate or key is missing, cannot be read, or does not hold what it should.
    case tlsFile = "tls_file"
    /// No status line within `Limits.firstByte`.
    case firstByteTimeout = "first_byte_timeout"
    /// No data within `Limits.firstToken`, be there a head or not.
    case firstTokenTimeout = "first_token_timeout"
    /// After data, no more within `Limits.idle`.
    case idleTimeout = "idle_timeout"
    /// Not ended within `Limits.total`.
    case totalTimeout = "total_timeout"
    /// The connection or the HTTP/2 stream broke, or was closed without an answer.
    case reset
    /// Closed in the middle of the body, as its length, chunks or content coding show.
    case truncated
    /// Not an HTTP response, or one with a monstrous head or an unknown or broken content coding.
    case malformed
    case outOfMemory = "out_of_memory"
    /// Another code of libcurl (`CURLcode`), which the cause names.
    case other
  }

  package let code: Code
  /// Words for operators, mostly libcurl's: may name hosts and files, never headers, query or credentials. Empty where
  /// the code says it all.
  package let cause: String
  /// True if no byte of a response had come, so that asking elsewhere repeats nothing a client has seen.
  package let beforeFirstByte: Bool

  package init(_ code: Code, cause: String = "", beforeFirstByte: Bool = true) {
    self.code = code
    self.cause = cause
    self.beforeFirstByte = beforeFirstByte
  }
}

extension TransferError: CustomStringConvertible {
  package var description: String { cause.isEmpty ? code.rawValue : "\(code.rawValue): \(cause)" }
}

extension TransferError.Code {
  /// `connected`: whether the request had a connection, and `cause` libcurl's words: both tell apart two uses of a code.
  init(_ code: CURLcode, connected: Bool, cause: String) {
    self =
      switch code {
      case CURLE_UNSUPPORTED_PROTOCOL: connected ? .malformed : .refusedURL
      case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED: .refusedURL
      case CURLE_COULDNT_RESOLVE_HOST: .resolve
      case CURLE_COULDNT_CONNECT: .connect
      case CURLE_OPERATION_TIMEDOUT: .connectTimeout  // the only limit that libcurl itself is given
      case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: .proxy
      case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_INITFAILED,
        CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
        .tls
      case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM: .tlsFile
      // With TLS 1.3 a server refuses a client's certificate only after the handshake, by an alert.
      case CURLE_RECV_ERROR where cause.contains(" alert "): .tls
      // Before the request, bytes other than TLS are exchanged with a proxy only.
      case CURLE_SEND_ERROR, CURLE_RECV_ERROR: connected ? .reset : .proxy
      case CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM: .reset
      case CURLE_PARTIAL_FILE: .truncated
      case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .malformed
      case CURLE_OUT_OF_MEMORY: .outOfMemory
      default: .other
      }
  }
}
