package import Chat

extension StartStore {
  /// The virtual model and its routes as they stood when the turn began. Times are in milliseconds.
  package struct Plan: Sendable {
    package let model: String
    /// The provider is asked to stream.
    package let streams: Bool
    /// False: no word of tools is said to the provider.
    package let usesTools: Bool
    package let systemPrompt: String?
    package let prefixPrompt: String?
    /// JSON object.
    package let parameters: String
    package let durability: Turn.Durability
    /// hidden, progress or full.
    package let reasoning: String
    /// How long the turn may wait, all in all, to ask again.
    package let retryBudget: Int
    /// The surface's least time between two replies to one reader.
    package let pace: Int
    /// How the text is gathered into chunks: the surface's way, or the model's.
    package let chunking: Chunking
    /// A turn that nobody has read for so long is cancelled; nil: it is completed.
    package let abandonAfter: Int?
    /// Should this node die, another one may begin the turn anew.
    package let restarts: Bool
    /// Tools that the identity's roles grant; nil: every one.
    package let tools: [String]?
    /// Tokens that the turn may use before it asks for more (`UsageStore.extend`); nil: no limit counts them.
    package let tokens: Int?
    /// At least one; those of the least priority number first.
    package let routes: [Route]
  }

  /// A way to a provider. Times are in milliseconds.
  package struct Route: Sendable {
    package let id: ID
    package let priority: Int
    package let weight: Int
    package let driver: String
    package let providerModel: String
    package let region: String?
    /// JSON objects.
    package let overrides: String
    package let headers: String
    package let query: String
    /// 1 or 2.
    package let httpVersion: Int
    /// Turns on it at a time; nil for no limit.
    package let concurrencyLimit: Int?
    package let connectTimeout: Int
    package let firstByteTimeout: Int
    package let firstTokenTimeout: Int
    package let idleTimeout: Int
    /// Nil for no limit.
    package let totalTimeout: Int?
    /// Nil for a provider that asks for none.
    package let credential: Credential?
  }

  package struct Credential: Sendable {
    package let id: ID
    package let secret: Secret?
    package let managedDomain: String?
    /// Nil for a gateway that asks for no certificate.
    package let clientCertificate: ClientCertificate?
    /// Absolute path of the authorities that the gateway is checked against; nil for those of the machine.
    package let caBundle: String?
  }

  /// Where a secret is.
  package enum Secret: Sendable, Equatable {
    /// `env:NAME` or `file:PATH`.
    case reference(String)
    /// Sealed with the key of that name.
    case sealed([UInt8], key: String)
  }

  /// Absolute paths of PEM files.
  package struct ClientCertificate: Sendable, Equatable {
    package let certificate: String
    package let key: String
  }
}

extension StartStore.Plan {
  /// From the columns of `start_take` or `turn_adopt`; nil if there is no plan.
  init?(_ rows: Rows) {
    guard let model = rows.string(0, 5) else { return nil }
    self.model = model
    streams = rows.bool(0, 6) ?? true
    usesTools = rows.bool(0, 7) != true
    let hasPrompts = rows.bool(0, 8) != true
    systemPrompt = hasPrompts ? rows.string(0, 9) : nil
    prefixPrompt = hasPrompts ? rows.string(0, 10) : nil
    parameters = rows.string(0, 11) ?? "{}"
    durability = rows.string(0, 12).flatMap(Turn.Durability.init) ?? .commit
    reasoning = rows.string(0, 13) ?? "hidden"
    retryBudget = rows.int(0, 14) ?? 0
    pace = rows.int(0, 15) ?? 250
    chunking = Chunking(
      rows.string(0, 40).flatMap(Chunking.Mode.init) ?? .immediate, bytes: rows.int(0, 41) ?? 128,
      delay: rows.int(0, 42) ?? 250)
    abandonAfter = rows.int(0, 43)
    restarts = rows.string(0, 44) == "restart"
    tools = rows.string(0, 45) == nil ? nil : rows.words(0, 45)
    tokens = rows.int(0, 46)
    routes = (0..<rows.count).compactMap { StartStore.Route(rows, $0) }
    if routes.isEmpty { return nil }
  }
}

extension StartStore.Route {
  init?(_ rows: Rows, _ row: Int) {
    guard let id = rows.id(row, 16), let driver = rows.string(row, 19), let providerModel = rows.string(row, 20) else {
      return nil
    }
    self.id = id
    priority = rows.int(row, 17) ?? 1
    weight = rows.int(row, 18) ?? 1
    self.driver = driver
    self.providerModel = providerModel
    region = rows.string(row, 21)
    overrides = rows.string(row, 22) ?? "{}"
    headers = rows.string(row, 23) ?? "{}"
    query = rows.string(row, 24) ?? "{}"
    httpVersion = rows.int(row, 25) ?? 1
    concurrencyLimit = rows.int(row, 26)
    connectTimeout = rows.int(row, 27) ?? 5_000
    firstByteTimeout = rows.int(row, 28) ?? 60_000
    firstTokenTimeout = rows.int(row, 29) ?? 60_000
    idleTimeout = rows.int(row, 30) ?? 60_000
    totalTimeout = rows.int(row, 31)
    credential = StartStore.Credential(rows, row)
  }
}

extension StartStore.Credential {
  fileprivate init?(_ rows: Rows, _ row: Int) {
    guard let id = rows.id(row, 32) else { return nil }
    self.id = id
    if let reference = rows.string(row, 33) {
      secret = .reference(reference)
    } else if let sealed = rows.bytes(row, 34), let key = rows.string(row, 35) {
      secret = .sealed(sealed, key: key)
    } else {
      secret = nil
    }
    managedDomain = rows.string(row, 36)
    if let certificate = Self.path(rows.string(row, 37)), let key = Self.path(rows.string(row, 38)) {
      clientCertificate = StartStore.ClientCertificate(certificate: certificate, key: key)
    } else {
      clientCertificate = nil
    }
    caBundle = Self.path(rows.string(row, 39))
  }

  /// `file:/path` without its scheme: a check constraint has seen to the rest.
  private static func path(_ reference: String?) -> String? { reference.map { String($0.dropFirst("file:".count)) } }
}
