import CSimdJSON

/// One parsed JSON text (RFC 8259), on simdjson.
///
/// The parser behind it is borrowed from the present thread and given back when the document ends, so that thousands of
/// decoders share one per loop and a parse allocates nothing; a document opened while another is open gets its own.
/// The bytes are copied: they may go as soon as `init` returns.
///
/// Invalid UTF-8 is refused, nesting is bounded to 256, numbers must fit a double or 64 bits. An unpaired surrogate
/// escape reads as U+FFFD: models emit them when a token ends inside a pair, and one must not end a turn.
package struct JSONDocument: ~Copyable {
  /// 16 MiB: the largest event or body any caller accepts.
  package static let defaultLimit = 16 << 20

  private let parser: OpaquePointer
  private let top: csj_value

  /// `limit` is in bytes. Never traps, whatever the bytes are.
  package init(parsing bytes: UnsafeRawBufferPointer, limit: Int = defaultLimit) throws(JSONError) {
    guard bytes.count <= limit else { throw .tooLarge }
    guard let parser = csj_parser_take() else { throw .outOfMemory }
    var top = csj_value()
    let outcome = csj_parse(parser, bytes.baseAddress, bytes.count, &top)
    if let error = JSONError(outcome) {
      csj_parser_give_back(parser)
      throw error
    }
    self.parser = parser
    self.top = top
  }

  deinit { csj_parser_give_back(parser) }

  /// Valid, with everything reached from it, as long as this document lives.
  package var root: JSONElement { JSONElement(top) }
}

extension JSONDocument {
  /// As above, for bytes at hand as an array.
  package init(parsing bytes: [UInt8], limit: Int = defaultLimit) throws(JSONError) {
    self = try bytes.span.withUnsafeBytes { (bytes) throws(JSONError) in
      try JSONDocument(parsing: bytes, limit: limit)
    }
  }

  /// As above, for text.
  package init(parsing text: String, limit: Int = defaultLimit) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limit: limit)
  }
}
