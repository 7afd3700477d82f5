package import Chat

extension StartStore {
  /// The virtual model and its route as they stood when the turn began. Times are in milliseconds.
  package struct Plan: Sendable {
    package let model: String
    package let route: ID
    /// The provider is asked to stream.
    package let streams: Bool
    package let systemPrompt: String?
    /// JSON object.
    package let parameters: String
    package let durability: Turn.Durability
    /// hidden, progress or full.
    package let reasoning: String
    package let driver: String
    package let providerModel: String
    package let region: String
    /// JSON object.
    package let overrides: String
    package let connectTimeout: Int
    package let firstByteTimeout: Int
    package let firstTokenTimeout: Int
    package let idleTimeout: Int
    /// Nil for no limit.
    package let totalTimeout: Int?
    /// `env:NAME` or `file:PATH`; nil for a provider that asks for no secret.
    package let credential: String?
    package let managedDomain: String?
    /// Nil for a gateway that asks for no certificate.
    package let clientCertificate: ClientCertificate?
    /// Absolute path of the authorities that the gateway is checked against; nil for those of the machine.
    package let caBundle: String?
    /// The surface's least time between two replies to one reader.
    package let pace: Int
  }

  /// Absolute paths of PEM files.
  package struct ClientCertificate: Sendable, Equatable {
    package let certificate: String
    package let key: String
  }
}

extension StartStore.Plan {
  /// From the columns of `start_take`; nil if there is no plan.
  init?(_ rows: Rows) {
    guard let model = rows.string(0, 5), let driver = rows.string(0, 12), let providerModel = rows.string(0, 13),
      let region = rows.string(0, 14), let route = rows.id(0, 27)
    else { return nil }
    self.model = model
    self.route = route
    streams = rows.bool(0, 6) ?? true
    systemPrompt = rows.bool(0, 7) == true ? nil : rows.string(0, 8)
    parameters = rows.string(0, 9) ?? "{}"
    durability = rows.string(0, 10).flatMap(Turn.Durability.init) ?? .commit
    reasoning = rows.string(0, 11) ?? "hidden"
    self.driver = driver
    self.providerModel = providerModel
    self.region = region
    overrides = rows.string(0, 15) ?? "{}"
    connectTimeout = rows.int(0, 16) ?? 5_000
    firstByteTimeout = rows.int(0, 17) ?? 60_000
    firstTokenTimeout = rows.int(0, 18) ?? 60_000
    idleTimeout = rows.int(0, 19) ?? 60_000
    totalTimeout = rows.int(0, 20)
    credential = rows.string(0, 21)
    managedDomain = rows.string(0, 22)
    if let certificate = Self.path(rows.string(0, 23)), let key = Self.path(rows.string(0, 24)) {
      clientCertificate = StartStore.ClientCertificate(certificate: certificate, key: key)
    } else {
      clientCertificate = nil
    }
    caBundle = Self.path(rows.string(0, 25))
    pace = rows.int(0, 26) ?? 250
  }

  /// `file:/path` without its scheme: a check constraint has seen to the rest.
  private static func path(_ reference: String?) -> String? { reference.map { String($0.dropFirst("file:".count)) } }
}
