import Chat
import Store

/// What export and erasure share.
enum Privacy {
  /// The one identity that `reference` means.
  static func find(_ reference: String, in admin: Administration) async throws -> ID {
    guard let range = IDRange.parse(reference) else {
      throw Refusal("there is no identity \(Plain.line(reference)): give its id, or the first 8 digits or more")
    }
    let found = try await allowed { () async throws(StoreError) in try await admin.turns.find(.identity, in: range) }
    guard let id = found.first else { throw Refusal("there is no identity \(Plain.line(reference))") }
    if found.count > 1 { throw Refusal("several identities begin with \(reference): type more of the id") }
    return id
  }

  /// Who may not is told who may.
  static func allowed<Result>(_ body: () async throws(StoreError) -> Result) async throws -> Result {
    do { return try await body() } catch  where error.sqlstate == "42501" {
      throw Refusal(
        "the role of this connection may not do this: set admin_database to a role that is a member of sluice_privacy")
    }
  }
}
