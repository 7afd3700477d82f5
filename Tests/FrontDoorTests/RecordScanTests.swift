import Testing

@testable import FrontDoor

@Suite struct RecordScanTests {
  @Test(arguments: [1, 7, 65_535])
  func findsTheSameEndWhereverTheRequestIsCut(fragment: Int) {
    let request = Records.request("POST", body: Array("0123456789".utf8), id: 259, fragment: fragment, padding: 3)
    let bytes = request + [9, 9, 9]
    for cut in 0...bytes.count {
      var scan = RecordScan()
      if cut < request.count {
        #expect(advance(&scan, over: Array(bytes[..<cut])) == .incomplete)
      }
      #expect(advance(&scan, over: bytes) == .complete(request.count))
      #expect(scan.requestID == 259)
      #expect(scan.keepsConnection)
      #expect(scan.bodyLength == 10)
    }
  }

  @Test func byteByByteIsTheSameAsAtOnce() {
    let request = Records.request("POST", body: [UInt8](repeating: 1, count: 30), keep: false, fragment: 7, padding: 1)
    var scan = RecordScan()
    for count in 0..<request.count {
      #expect(advance(&scan, over: Array(request[..<count])) == .incomplete)
    }
    #expect(advance(&scan, over: request) == .complete(request.count))
    #expect(!scan.keepsConnection)
  }

  @Test func refusesWhatExceedsALimitBeforeItHasCome() {
    var limits = Limits()
    limits.maxParams = 200
    limits.maxBody = 100
    let fat = Records.begin() + Records.record(4, [UInt8](repeating: 0, count: 201)).prefix(8)
    #expect(verdict(Array(fat), limits) == .paramsTooLarge)
    let long = Records.begin() + Records.stream(4, []) + Records.record(5, [UInt8](repeating: 0, count: 101)).prefix(8)
    #expect(verdict(Array(long), limits) == .bodyTooLarge)
    #expect(verdict(Records.request("POST", body: [UInt8](repeating: 0, count: 100)), limits) != .bodyTooLarge)
  }

  @Test func refusesARequestThatIsMostlyPadding() {
    var limits = Limits()
    limits.maxParams = 64
    limits.maxBody = 1024
    let body = [UInt8](repeating: 0, count: 1000)
    let request = Records.begin() + Records.stream(4, []) + Records.stream(5, body, fragment: 1, padding: 255)
    #expect(verdict(request, limits) == .bodyTooLarge)
  }

  @Test func anAbortEndsTheRequest() {
    let begun = Records.begin() + Records.record(4, [1, 1, 65, 66])
    #expect(verdict(begun + Records.abort() + [1, 2, 3]) == .aborted(begun.count + 8))
  }

  @Test(arguments: [
    Array("GET / HTTP/1.1\r\n\r\n".utf8),
    Records.stream(4, []),  // no beginning
    Records.begin(role: 3),
    Records.begin(id: 0),
    Records.begin() + Records.begin(),
    Records.begin() + Records.begin(id: 2),  // multiplexed
    Records.begin() + Records.record(9, [15, 0] + Array("FCGI_MPXS_CONNS".utf8), id: 0),  // GET_VALUES
    Records.record(9, [15, 0] + Array("FCGI_MPXS_CONNS".utf8), id: 0),
    Records.begin() + Records.stream(5, []),  // body before the end of the variables
    Records.begin() + Records.stream(4, []) + Records.record(4, [1]),
    Records.begin() + Records.stream(4, []) + Records.record(8, [1]),  // a filter's data
    Records.record(1, [0, 1, 0]),
    [2] + Records.begin().dropFirst(),
  ])
  func whatIsNoRequestOfAResponderIsMalformed(bytes: [UInt8]) {
    #expect(verdict(bytes) == .malformed)
  }

  @Test func anAbortAheadIsFoundOnlyForItsRequest() {
    let abort = Records.abort(id: 7)
    #expect(abortLength(7, abort) == 8)
    #expect(abortLength(8, abort) == nil)
    #expect(abortLength(7, Array(abort.dropLast())) == nil)
    #expect(abortLength(1, Records.request()) == nil)
  }

  // `#expect` takes no spans.
  private func advance(_ scan: inout RecordScan, over bytes: [UInt8]) -> Framing.Verdict {
    scan.advance(over: bytes.span, within: Limits())
  }

  private func abortLength(_ id: UInt16, _ bytes: [UInt8]) -> Int? { RecordScan.abort(of: id, in: bytes.span) }

  private func verdict(_ bytes: [UInt8], _ limits: Limits = Limits()) -> Framing.Verdict {
    var scan = RecordScan()
    return scan.advance(over: bytes.span, within: limits)
  }
}

@Suite struct PairScanTests {
  static let pairs =
    Records.pair("A", "") + Records.pair("NAME", String(repeating: "v", count: 300)) + Records.pair("", "x")

  @Test(arguments: [1, 2, 3, 7, 65_535])
  func acceptsPairsHoweverTheyAreSplitOverRecords(fragment: Int) {
    let request = Records.begin() + Records.stream(4, Self.pairs, fragment: fragment, padding: 5)
    #expect(accepts(request))
  }

  @Test func refusesPairsThatReachBeyondTheEnd() {
    for cut in 1..<Self.pairs.count where ![3, 3 + 5 + 4 + 300].contains(cut) {
      let request = Records.begin() + Records.stream(4, Array(Self.pairs.prefix(cut)))
      #expect(!accepts(request), "cut at \(cut)")
    }
    let lying = Records.begin() + Records.stream(4, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 65])
    #expect(!accepts(lying))
  }

  private func accepts(_ request: [UInt8]) -> Bool { PairScan.accepts(request.span) }
}
