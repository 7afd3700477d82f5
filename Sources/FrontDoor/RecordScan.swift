/// Finds the end of one FastCGI request in what has arrived so far (FastCGI specification 1.0, sections 3.3 and 5).
///
/// Pure. It goes from record header to record header and remembers where it was, so a request that comes in many pieces
/// is looked at once. What it lets through, libfcgi can decode without waiting for more.
struct RecordScan {
  private enum Phase {
    case begin  // → params
    case params  // → body, after its empty record
    case body  // → ended, after its empty record
    case ended
  }

  static let headerLength = 8

  /// What BEGIN_REQUEST said.
  private(set) var requestID: UInt16 = 0
  private(set) var keepsConnection = false
  /// Bytes of content, without headers and padding.
  private(set) var paramsLength = 0
  private(set) var bodyLength = 0
  /// Where the variables have ended, once they have.
  private(set) var variablesEnd = 0
  private var phase = Phase.begin
  /// Where the next record begins.
  private var next = 0

  /// `bytes`: everything since the request's first byte, at least as much as at the last call.
  mutating func advance(over bytes: borrowing Span<UInt8>, within limits: Limits) -> Framing.Verdict {
    while phase != .ended {
      guard let record = Record(in: bytes, at: next) else { return .incomplete }
      // Record id 0 is for management (GET_VALUES): no web server in use sends it, and libfcgi 2.4.2 ends the connection
      // over it without an answer. So do we.
      guard record.version == 1, record.id != 0 else { return .malformed }
      guard record.end <= limits.maxRecords else { return phase == .body ? .bodyTooLarge : .paramsTooLarge }
      if phase == .begin {
        // Role 1 is the responder, flag 1 is FCGI_KEEP_CONN.
        // libfcgi 2.4.2 reads padding behind this record as the next one, and no web server in use sends any.
        guard record.kind == .begin, record.length == 8, record.end == record.content + 8 else { return .malformed }
        guard record.content + 8 <= bytes.count else { return .incomplete }
        guard bytes[record.content] == 0, bytes[record.content + 1] == 1 else { return .malformed }
        requestID = record.id
        keepsConnection = bytes[record.content + 2] & 1 != 0
        phase = .params
      } else {
        guard record.id == requestID else { return .malformed }
        switch (record.kind, phase) {
        case (.abort, _): return record.end <= bytes.count ? .aborted(record.end) : .incomplete
        case (.params, .params):
          paramsLength += record.length
          if paramsLength > limits.maxParams { return .paramsTooLarge }
          if record.length == 0 {
            variablesEnd = record.end
            phase = .body
          }
        case (.body, .body):
          bodyLength += record.length
          if bodyLength > limits.maxBody { return .bodyTooLarge }
          if record.length == 0 { phase = .ended }
        default: return .malformed
        }
      }
      next = record.end
    }
    return next <= bytes.count ? .complete(next) : .incomplete
  }

  /// How many bytes an ABORT_REQUEST of that request takes at the front of `bytes`; nil if none is there.
  static func abort(of requestID: UInt16, in bytes: borrowing Span<UInt8>) -> Int? {
    guard let record = Record(in: bytes, at: 0), record.version == 1, record.kind == .abort, record.id == requestID,
      record.end <= bytes.count
    else { return nil }
    return record.end
  }
}

/// A record's header.
struct Record {
  enum Kind: UInt8 {
    case begin = 1
    case abort = 2
    case params = 4
    case body = 5
  }

  let version: UInt8
  /// Nil for all that has no place in a request.
  let kind: Kind?
  let id: UInt16
  /// Bytes of content.
  let length: Int
  /// Where the content begins, and where the next record does.
  let content: Int
  let end: Int

  /// Nil if the header is not there yet. The content need not be.
  init?(in bytes: borrowing Span<UInt8>, at start: Int) {
    guard bytes.count - start >= RecordScan.headerLength else { return nil }
    version = bytes[start]
    kind = Kind(rawValue: bytes[start + 1])
    id = UInt16(bytes[start + 2]) << 8 | UInt16(bytes[start + 3])
    length = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
    content = start + RecordScan.headerLength
    end = content + length + Int(bytes[start + 6])
  }
}
