import FrontDoor

extension Request {
  /// Idempotency-Key; nil if there is none. Throws 400 for one that cannot be kept.
  func checkedIdempotencyKey() throws(Refusal) -> String? {
    guard let key = idempotencyKey else { return nil }
    guard key.utf8.count <= 255, !key.utf8.contains(0) else {
      throw .malformed("Idempotency-Key is longer than 255 bytes.")
    }
    return key
  }
}
