import CCurl

/// Why a transfer failed.
package struct TransferError: Error, Sendable, Equatable {
  package enum Code: Sendable, Equatable {
    /// Not an `http` or `https` URL, or with user and password in it.
    case refusedURL
    /// A header with a control character, or a name that is none.
    case refusedHeader
    /// The pool has as many transfers as it may.
    case tooManyTransfers
    /// The host's name is unknown.
    case resolve
    /// Refused or unreachable.
    case connect
    /// No connection within `Limits.connect`.
    case connectTimeout
    /// Handshake or certificate.
    case tls
    /// No status line within `Limits.firstByte`.
    case firstByteTimeout
    /// No data within `Limits.idle`.
    case idleTimeout
    /// The connection broke, or was closed without an answer.
    case reset
    /// Closed in the middle of the body, as its length or chunks show.
    case truncated
    /// Not an HTTP response, or one with a monstrous head or a broken content coding.
    case malformed
    case outOfMemory
    /// Another code of libcurl (`CURLcode`).
    case other(UInt32)
  }

  package let code: Code
  /// libcurl's words, for operators: may name the host, never headers, query or credentials. Empty for our own codes.
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
  package var description: String { cause.isEmpty ? "\(code)" : "\(code): \(cause)" }
}

extension TransferError.Code {
  /// `connected`: whether the request had a connection, which tells apart two uses of one code.
  init(_ code: CURLcode, connected: Bool) {
    self =
      switch code {
      case CURLE_UNSUPPORTED_PROTOCOL: connected ? .malformed : .refusedURL
      case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED: .refusedURL
      case CURLE_COULDNT_RESOLVE_HOST: .resolve
      case CURLE_COULDNT_CONNECT: .connect
      case CURLE_OPERATION_TIMEDOUT: .connectTimeout  // the only limit that libcurl itself is given
      case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
        CURLE_SSL_CERTPROBLEM, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
        .tls
      case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR: .reset
      case CURLE_PARTIAL_FILE: .truncated
      case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .malformed
      case CURLE_OUT_OF_MEMORY: .outOfMemory
      default: .other(code.rawValue)
      }
  }
}
