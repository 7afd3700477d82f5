import Chat
import Store

extension AdminTurns {
  /// The one id that `reference` means. Throws `Refusal`.
  func one(_ owner: Owner, _ reference: String) async throws -> ID {
    guard let range = IDRange.parse(reference) else {
      throw Refusal(
        "there is no \(owner.rawValue) \(Plain.line(reference)): give its id, or the first 8 digits or more")
    }
    let found = try await find(owner, in: range)
    guard let id = found.first else { throw Refusal("there is no \(owner.rawValue) \(reference)") }
    if found.count > 1 { throw Refusal("several of them begin with \(reference): type more of the id") }
    return id
  }
}
