package import Chat
import SQL

/// What `sluice check` asks PostgreSQL. Each answer is a look; nothing is changed.
package struct CheckupStore: Sendable {
  private let database: Database

  package init(_ database: Database) { self.database = database }

  package struct Server: Sendable {
    /// The role that the statements run as.
    package let role: String
    /// As in 150012.
    package let versionNumber: Int
    package let version: String
    /// A standby, or a default that forbids writing.
    package let readOnly: Bool
    /// The protocol, such as TLSv1.3; nil without encryption.
    package let tls: String?
    /// Reached by a unix socket, or on this machine.
    package let isLocal: Bool
  }

  package func server() async throws(StoreError) -> Server {
    let rows = try await database.run([Query(.checkServer)])[0]
    return Server(
      role: rows.string(0, 0) ?? "", versionNumber: rows.int(0, 1) ?? 0, version: rows.string(0, 2) ?? "",
      readOnly: rows.bool(0, 3) ?? true, tls: rows.bool(0, 4) == true ? rows.string(0, 5) ?? "TLS" : nil,
      isLocal: rows.bool(0, 6) ?? false)
  }

  /// PostgreSQL's clock, in microseconds since 1970.
  package func clock() async throws(StoreError) -> Int {
    try await database.run([Query(.checkClock)])[0].int(0, 0) ?? 0
  }

  /// Settings of the session by name; times in milliseconds, switches as `on` or `off`.
  package func settings() async throws(StoreError) -> [String: String] {
    let rows = try await database.run([Query(.checkSettings)])[0]
    var settings: [String: String] = [:]
    for row in 0..<rows.count { settings[rows.string(row, 0) ?? ""] = rows.string(row, 1) }
    return settings
  }

  package struct Right: Sendable {
    /// schema, table or function.
    package let kind: String
    /// As `grant` takes it.
    package let object: String
    package let privilege: String
    /// The object exists.
    package let isPresent: Bool
    package let isGranted: Bool
  }

  /// All that the program's statements need.
  package func rights() async throws(StoreError) -> [Right] {
    let rows = try await database.run([Query(.checkRights)])[0]
    return (0..<rows.count).map { row in
      Right(
        kind: rows.string(row, 0) ?? "", object: rows.string(row, 1) ?? "", privilege: rows.string(row, 2) ?? "",
        isPresent: rows.bool(row, 3) ?? false, isGranted: rows.bool(row, 4) ?? false)
    }
  }

  /// A right that nobody should have, in words, and the statement that takes it back.
  package typealias Exposure = (text: String, mend: String)

  package func exposures() async throws(StoreError) -> [Exposure] {
    let rows = try await database.run([Query(.checkExposure)])[0]
    return (0..<rows.count).map { (rows.string($0, 0) ?? "", rows.string($0, 1) ?? "") }
  }

  /// One of the eight places of the ring. Days count from 1970-01-01 UTC.
  package struct Leaf: Sendable {
    package let slot: Int
    package let today: Int
    /// How many leaves the whole ring has.
    package let leaves: Int
    /// The table of this slot's name takes this slot's rows.
    package let isInPlace: Bool
    package let isFilled: Bool
    /// Days of its oldest and newest turn; nil if it is empty, or if an id is none of ours.
    package let days: (first: Int, last: Int)?
    /// It holds a turn that streams.
    package let isLive: Bool

    package init(
      slot: Int, today: Int, leaves: Int = 8, isInPlace: Bool = true, isFilled: Bool,
      days: (first: Int, last: Int)?, isLive: Bool = false
    ) {
      self.slot = slot
      self.today = today
      self.leaves = leaves
      self.isInPlace = isInPlace
      self.isFilled = isFilled
      self.days = days
      self.isLive = isLive
    }
  }

  /// The slots 0 to 7.
  package func ring() async throws(StoreError) -> [Leaf] {
    let rows = try await database.run([Query(.checkRing)])[0]
    return (0..<rows.count).map { row in
      let days = rows.int(row, 5).flatMap { first in rows.int(row, 6).map { (first, $0) } }
      return Leaf(
        slot: rows.int(row, 0) ?? -1, today: rows.int(row, 1) ?? 0, leaves: rows.int(row, 2) ?? 0,
        isInPlace: rows.bool(row, 3) ?? false, isFilled: rows.bool(row, 4) ?? false, days: days,
        isLive: rows.bool(row, 7) ?? false)
    }
  }

  /// One thing that a credential says is on the program's machine.
  package struct CredentialReference: Sendable {
    /// The column that holds it.
    package enum Role: String, Sendable {
      case secret = "reference"
      case clientCertificate = "client_certificate"
      case clientKey = "client_key"
      case caBundle = "ca_bundle"
    }

    /// Of the credential.
    package let name: String
    package let role: Role
    /// `env:NAME` for a secret only, or `file:/path`.
    package let reference: String

    package init(name: String, role: Role, reference: String) {
      self.name = name
      self.role = role
      self.reference = reference
    }
  }

  /// Those of the enabled routes of enabled models.
  package func credentials() async throws(StoreError) -> [CredentialReference] {
    let rows = try await database.run([Query(.checkCredentials)])[0]
    return (0..<rows.count).compactMap { row in
      rows.string(row, 2).flatMap { CredentialReference.Role(rawValue: $0) }.map {
        CredentialReference(name: rows.string(row, 0) ?? "", role: $0, reference: rows.string(row, 1) ?? "")
      }
    }
  }

  /// The sealed secrets of the enabled routes of enabled models.
  package func sealedSecrets() async throws(StoreError) -> [SealedSecret] {
    let rows = try await database.run([Query(.checkSealed)])[0]
    return (0..<rows.count).compactMap { SealedSecret(rows, $0) }
  }

  /// What a request on an enabled route of an enabled model is made of, without the credential.
  package struct RouteRow: Sendable {
    package let id: ID
    package let model: String
    package let driver: String
    package let providerModel: String
    package let region: String?
    package let managedDomain: String?
    /// JSON objects.
    package let overrides: String
    package let headers: String
    package let query: String
    package let parameters: String
    package let streams: Bool

    package init(
      id: ID, model: String, driver: String, providerModel: String, region: String?, managedDomain: String? = nil,
      overrides: String = "{}", headers: String = "{}", query: String = "{}", parameters: String = "{}",
      streams: Bool = true
    ) {
      self.id = id
      self.model = model
      self.driver = driver
      self.providerModel = providerModel
      self.region = region
      self.managedDomain = managedDomain
      self.overrides = overrides
      self.headers = headers
      self.query = query
      self.parameters = parameters
      self.streams = streams
    }
  }

  /// Those that turns may take.
  package func routes() async throws(StoreError) -> [RouteRow] {
    let rows = try await database.run([Query(.checkRoutes)])[0]
    return (0..<rows.count).compactMap { row in
      guard let id = rows.id(row, 0) else { return nil }
      return RouteRow(
        id: id, model: rows.string(row, 1) ?? "", driver: rows.string(row, 2) ?? "",
        providerModel: rows.string(row, 3) ?? "", region: rows.string(row, 4), managedDomain: rows.string(row, 5),
        overrides: rows.string(row, 6) ?? "{}", headers: rows.string(row, 7) ?? "{}",
        query: rows.string(row, 8) ?? "{}", parameters: rows.string(row, 9) ?? "{}",
        streams: rows.bool(row, 10) ?? true)
    }
  }

  /// What roles leave nobody anything to choose.
  package enum RoleGap: Sendable, Equatable {
    /// By its role nothing can be chosen, and nobody has another; nil: it gives none.
    case surface(String, role: String?)
    /// Its anonymous visitors, likewise.
    case visitors(surface: String, role: String?)
    /// Granted, but disabled.
    case disabledModel(String, role: String)
  }

  package func roleGaps() async throws(StoreError) -> [RoleGap] {
    let rows = try await database.run([Query(.checkRoles)])[0]
    return (0..<rows.count).compactMap { row in
      let (name, detail) = (rows.string(row, 1) ?? "", rows.string(row, 2))
      switch rows.string(row, 0) {
      case "surface": return .surface(name, role: detail)
      case "anonymous": return .visitors(surface: name, role: detail)
      default: return .disabledModel(detail ?? "", role: name)
      }
    }
  }

  /// A route that may cost money, nobody knows how much.
  package struct UnpricedRoute: Sendable {
    package let model: String
    package let driver: String
    package let providerModel: String
  }

  /// Those that turns may take and a limit of money may meet.
  package func unpricedRoutes() async throws(StoreError) -> [UnpricedRoute] {
    let rows = try await database.run([Query(.checkPrices)])[0]
    return (0..<rows.count).map { row in
      UnpricedRoute(
        model: rows.string(row, 0) ?? "", driver: rows.string(row, 1) ?? "", providerModel: rows.string(row, 2) ?? "")
    }
  }

  /// Hosts of the live nodes that bear this tag, one entry a node.
  package func hosts(tag: UInt16) async throws(StoreError) -> [String] {
    let rows = try await database.run([Query(.checkTag, .int(Int(tag)))])[0]
    return (0..<rows.count).map { rows.string($0, 0) ?? "" }
  }
}
