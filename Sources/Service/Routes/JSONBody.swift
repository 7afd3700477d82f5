import Wire

extension JSONDocument {
  /// The body of a request, of at most `limit` bytes. Throws 400.
  init(body: [UInt8], limit: Int = defaultLimit) throws(Refusal) {
    do throws(JSONError) { try self.init(parsing: body, limit: limit) } catch {
      throw .malformed("The body is not JSON (\(error.rawValue)).")
    }
  }
}
