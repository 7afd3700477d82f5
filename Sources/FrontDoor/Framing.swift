/// How one connection's requests and replies are framed, and how far the request at hand has come.
///
/// All that differs between the dialects is asked here. The codecs belong to the loop: a connection that waits keeps no
/// more than this.
enum Framing {
  case fastCGI(RecordScan)
  case scgi(NetstringScan)

  enum Verdict: Equatable {
    /// Call again with more.
    case incomplete
    /// The request ends after that many bytes.
    case complete(Int)
    /// The web server took the request back before it was complete; that many bytes belong to it.
    case aborted(Int)
    /// The variables, or the body, exceed their limit. In the second case the variables are all there.
    case paramsTooLarge, bodyTooLarge
    /// Not this dialect, or a kind of it that no web server sends to us.
    case malformed
  }

  /// One of each for a loop.
  struct Codecs {
    let fastCGI: FastCGI
    let scgi: SCGI
  }

  init(_ dialect: Dialect) {
    switch dialect {
    case .fastCGI: self = .fastCGI(RecordScan())
    case .scgi: self = .scgi(NetstringScan())
    }
  }

  /// `bytes`: everything since the request's first byte, at least as much as at the last call.
  mutating func advance(over bytes: borrowing Span<UInt8>, within limits: Limits) -> Verdict {
    switch self {
    case .fastCGI(var scan):
      defer { self = .fastCGI(scan) }
      return scan.advance(over: bytes, within: limits)
    case .scgi(var scan):
      defer { self = .scgi(scan) }
      return scan.advance(over: bytes, within: limits)
    }
  }

  /// What is amiss with a malformed request. The first byte tells the dialects apart: FastCGI's is its version, SCGI's a
  /// digit of a netstring's length.
  func mistake(in bytes: borrowing Span<UInt8>) -> FrontDoor.Gauges.Reason {
    guard !bytes.isEmpty else { return .malformed }
    return switch self {
    case .fastCGI: (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(bytes[0]) ? .scgiOnFastCGI : .malformed
    case .scgi: bytes[0] == 1 ? .fastCGIOnSCGI : .malformed
    }
  }

  /// `bytes`: a whole request, as `advance` found it. Nil if its variables are malformed or name no method or path.
  func decode(_ bytes: borrowing Span<UInt8>, by codecs: Codecs) -> Request? {
    switch self {
    case .fastCGI(let scan): codecs.fastCGI.decode(bytes, bodyLength: scan.bodyLength)
    case .scgi(let scan): codecs.scgi.decode(bytes, scan)
    }
  }

  /// After `.bodyTooLarge`: the request as far as its variables tell, without a body. Nil as for `decode`.
  func decodeVariables(_ bytes: borrowing Span<UInt8>, by codecs: Codecs) -> Request? {
    switch self {
    case .fastCGI(let scan): codecs.fastCGI.decode(bytes.extracting(first: scan.variablesEnd), bodyLength: 0)
    case .scgi(let scan): codecs.scgi.decode(bytes.extracting(first: scan.variables.upperBound), scan)
    }
  }

  /// The reply's bytes, valid until the loop's next one; nil if memory is short.
  func encode(_ response: Response, by codecs: Codecs) -> UnsafeRawBufferPointer? {
    switch self {
    case .fastCGI(let scan): codecs.fastCGI.encode(response, requestID: scan.requestID)
    case .scgi: codecs.scgi.encode(response)
    }
  }

  /// Part of a reply, framed, with what ends the request if it is the last. Valid until the loop's next one, and as long
  /// as `piece`; nil if memory is short.
  func encode(piece: UnsafeRawBufferPointer, isLast: Bool, by codecs: Codecs) -> UnsafeRawBufferPointer? {
    switch self {
    case .fastCGI(let scan): codecs.fastCGI.encode(piece: piece, isLast: isLast, requestID: scan.requestID)
    case .scgi: piece
    }
  }

  /// What ends a request that gets no reply. SCGI has only the end of the connection for that.
  func end(by codecs: Codecs) -> UnsafeRawBufferPointer? {
    switch self {
    case .fastCGI(let scan): codecs.fastCGI.end(requestID: scan.requestID)
    case .scgi: UnsafeRawBufferPointer(start: nil, count: 0)
    }
  }

  /// How many bytes at the front of `bytes` take the request at hand back; nil if that is not what is there.
  func abort(in bytes: borrowing Span<UInt8>) -> Int? {
    switch self {
    case .fastCGI(let scan): RecordScan.abort(of: scan.requestID, in: bytes)
    case .scgi: nil
    }
  }

  /// Whether another request may follow the one at hand.
  var keepsConnection: Bool {
    switch self {
    case .fastCGI(let scan): scan.keepsConnection
    case .scgi: false
    }
  }

  /// Begins with the next request.
  mutating func restart() {
    switch self {
    case .fastCGI: self = .fastCGI(RecordScan())
    case .scgi: self = .scgi(NetstringScan())
    }
  }
}
