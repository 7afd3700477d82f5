import CCurl

/// How one request gets to its host.
struct Way {
  /// How `CURLOPT_HTTP_VERSION` is to be set.
  let version: Int
  /// Whether to wait if a connection is under way that may carry HTTP/2 for this request too.
  let waits: Bool
  /// Whether the connection is for this request alone.
  let isAlone: Bool
  /// The proxy's URL; nil without one.
  let proxy: String?
  /// What is asked of each address on the way.
  let passage: AddressGuard.Passage

  /// `declines`: the host is known to choose HTTP/1.1. Throws `refusedURL` or `refusedAddress`.
  init(for request: UpstreamRequest, declines: Bool, _ settings: UpstreamSettings) throws(TransferError) {
    guard let url = ParsedURL(request.url) else { throw TransferError(.refusedURL) }
    // Decided here and not by libcurl, so that it is known whose address is about to be connected.
    proxy = settings.noProxy.contains(host: url.host) ? nil : settings.proxy?.url
    passage = try settings.addresses.admit(host: url.host, proxied: proxy != nil)
    let version: Int =
      switch request.version {
      case .http1: Int(CURL_HTTP_VERSION_1_1)
      case .http2 where url.scheme == "https": Int(CURL_HTTP_VERSION_2TLS)
      // An HTTP proxy that is asked for the URL itself is not asked by HTTP/2.
      case .http2 where proxy?.hasPrefix("http") == true: Int(CURL_HTTP_VERSION_1_1)
      case .http2: Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
      }
    self.version = version
    // For HTTP/1.1 connections would be made one after another.
    waits = version != Int(CURL_HTTP_VERSION_1_1) && !declines
    isAlone = version == Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE) && !Self.sharesInTheClear
  }

  /// Before 8.0 libcurl begins HTTP/2 anew with each request that finds a connection in the clear, and so breaks it.
  private static let sharesInTheClear = curl_version_info(CURLVERSION_FIRST).pointee.version_num >= 0x080000
}
