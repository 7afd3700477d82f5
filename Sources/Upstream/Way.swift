/// How one request gets to its host.
struct Way {
  /// The proxy's URL; nil without one.
  let proxy: String?
  /// What is asked of each address on the way.
  let passage: AddressGuard.Passage

  /// Throws `refusedURL` or `refusedAddress`.
  init(to url: String, _ settings: UpstreamSettings) throws(TransferError) {
    guard let host = ParsedURL(url)?.host else { throw TransferError(.refusedURL) }
    // Decided here and not by libcurl, so that it is known whose address is about to be connected.
    proxy = settings.noProxy.contains(host: host) ? nil : settings.proxy?.url
    passage = try settings.addresses.admit(host: host, proxied: proxy != nil)
  }
}
