import Crypto
import Wire

/// What tells whether two requests under one Idempotency-Key are the same.
enum BodyHash {
  /// SHA-256 of members as JSON, whatever their order. `kind`: what tells them from those of another kind of request.
  static func of(_ members: [String: [UInt8]], kind: String = "") -> [UInt8] {
    var digest = SHA256()
    digest.update(data: Array(kind.utf8))
    for (name, json) in members.sorted(by: { $0.key < $1.key }) {
      digest.update(data: Array("\(name)=\(json.count)=".utf8))
      digest.update(data: json)
    }
    return Array(digest.finalize())
  }
}
