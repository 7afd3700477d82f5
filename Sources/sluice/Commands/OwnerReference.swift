import Chat
import Store

/// A conversation or an identity, of which there are too many to be listed: named by id.
enum OwnerReference {
  /// The one id that `reference` means: a uuid, or its first digits.
  static func find(_ owner: AdminTurns.Owner, _ reference: String, in turns: AdminTurns) async throws -> ID {
    guard let range = IDRange.parse(reference) else {
      throw Refusal(
        "there is no \(owner.rawValue) \(Plain.line(reference)): give its id, or the first 8 digits or more")
    }
    let found = try await turns.find(owner, in: range)
    guard let id = found.first else { throw Refusal("there is no \(owner.rawValue) \(reference)") }
    if found.count > 1 { throw Refusal("several of them begin with \(reference): type more of the id") }
    return id
  }
}
