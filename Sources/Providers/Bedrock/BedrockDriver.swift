/// Amazon Bedrock's Converse and ConverseStream
/// (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html).
///
/// The credential is a Bedrock API key, or an access key as `AccessKey` reads it, which signs each request.
package struct BedrockDriver: ProviderDriver {
  package let name = "bedrock"
  package let toolMembers = ["toolConfig"]

  package init() {}

  /// `region` is an endpoint, or an AWS region; with a managed domain it is that domain's first label, as everywhere.
  package func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String {
    guard let region, !region.isEmpty else {
      throw ProviderError(.misconfigured, cause: "region: an AWS region or an endpoint is needed")
    }
    let isShort = !region.hasPrefix("http://") && !region.hasPrefix("https://")
    let isManaged = managedDomain.map { !$0.isEmpty } ?? false
    return try ProviderEndpoint.resolve(
      region: isShort && !isManaged ? "bedrock-runtime.\(region)" : region,
      managedDomain: isManaged ? managedDomain : "amazonaws.com", fallback: nil)
  }

  package func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest {
    let model = PercentEncoding.encoded(call.route.model)
    return ProviderRequest(
      url: try ProviderEndpoint.url(
        call.route.endpoint, defaultPath: "",
        path: "/model/\(model)/\(call.streaming ? "converse-stream" : "converse")"),
      accept: call.streaming ? "application/vnd.amazon.eventstream" : "application/json",
      body: try BedrockBody(call, driver: name).bytes)
  }

  package func authorize(
    _ request: inout ProviderRequest, with credential: String?, at time: Int
  ) throws(ProviderError) {
    guard let credential else { return }
    guard let key = try AccessKey(credential) else {
      return try request.authorize(bearer: credential)
    }
    let signer = SigV4(key, region: Self.region(of: request.url), service: "bedrock")
    // What a proxy may change is not signed.
    let signed = request.headers.filter { $0.name == "content-type" || $0.name.hasPrefix("x-amz") }
    request.headers += signer.headers(
      method: "POST", url: request.url, headers: signed, body: request.body, time: time)
  }

  package func decoder(streaming: Bool) -> any ProviderDecoder { BedrockReader.decoder(streaming: streaming) }

  /// The region that a request is signed for: the label behind `bedrock-runtime` (or `bedrock-runtime-fips`), wherever in
  /// the host that stands; of any other host the first label, which is the region under a managed domain.
  private static func region(of url: String) -> String {
    let labels = ProviderEndpoint.host(of: url).split(separator: ".")
    let service = labels.firstIndex { $0 == "bedrock-runtime" || $0 == "bedrock-runtime-fips" }
    let place = service.map { $0 + 1 } ?? 0
    return labels.indices.contains(place) ? String(labels[place]) : ""
  }
}
