import TestSupport
import Testing

@testable import FrontDoor

@Suite struct NetstringScanTests {
  static let request = Netstrings.request([("REQUEST_METHOD", "POST"), ("PATH_INFO", "/")], body: Array("01,:3".utf8))

  @Test func findsTheSameEndWhereverTheRequestIsCut() {
    let bytes = Self.request + [9, 9, 9]
    for cut in 0...bytes.count {
      var scan = NetstringScan()
      if cut < Self.request.count { #expect(advance(&scan, over: Array(bytes[..<cut])) == .incomplete) }
      #expect(advance(&scan, over: bytes) == .complete(Self.request.count))
      #expect(scan.bodyLength == 5)
      #expect(scan.body == Self.request.count - 5)
    }
  }

  @Test func byteByByteIsTheSameAsAtOnce() {
    var scan = NetstringScan()
    for count in 0..<Self.request.count {
      #expect(advance(&scan, over: Array(Self.request[..<count])) == .incomplete)
    }
    #expect(advance(&scan, over: Self.request) == .complete(Self.request.count))
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func randomCutsAreTheSameAsAtOnce(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let body = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    let fat = String(repeating: "v", count: Int.random(in: 0...300, using: &random))
    let request = Netstrings.request([("HTTP_X", fat)], body: body)
    var scan = NetstringScan()
    var count = 0
    while count < request.count {
      #expect(advance(&scan, over: Array(request[..<count])) == .incomplete)
      count += Int.random(in: 1...40, using: &random)
    }
    #expect(advance(&scan, over: request) == .complete(request.count))
    #expect(scan.bodyLength == body.count)
  }

  @Test func refusesTooLongVariablesBeforeTheyHaveCome() {
    var limits = Limits()
    limits.maxParams = 200
    #expect(verdict(Array("201:".utf8), limits) == .paramsTooLarge)
    #expect(verdict(Array("200:".utf8), limits) == .incomplete)
    #expect(verdict(Array("999999999999999999:".utf8), limits) == .paramsTooLarge)
  }

  @Test func refusesATooLongBodyOnceTheVariablesAreThere() {
    var limits = Limits()
    limits.maxBody = 100
    let variables = Netstrings.request([("REQUEST_METHOD", "POST")], length: "101")
    #expect(verdict(variables, limits) == .bodyTooLarge)
    #expect(verdict(Array(variables.dropLast()), limits) == .incomplete)
    #expect(verdict(Netstrings.request([], length: "100"), limits) == .incomplete)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n\r\n", "\u{1}\u{1}\0\u{1}\0\u{8}\0\0", ":", ",", "-1:", "+5:", " 5:", "5 :", "0:,", "007:",
    "1234567890123456789", "9999999999999999999:",
    "24:CONTENT_LENGTH\00\0SCGI\01\0;",  // no comma where the netstring ends
    "7:SCGI\01\0,",  // no length first
    "24:SCGI\01\0CONTENT_LENGTH\00\0,",
    "23:CONTENT_LENGTH\0\0SCGI\01\0,", "25:CONTENT_LENGTH\0-1\0SCGI\01\0,",
    "25:CONTENT_LENGTH\00x\0SCGI\01\0,", "25:content_length\010\0SCGI\01\0,",
    "16:CONTENT_LENGTH\00,",  // its value does not end
    "35:CONTENT_LENGTH\09999999999999999999\0,",
  ])
  func whatIsNoRequestIsMalformed(text: String) { #expect(verdict(Array(text.utf8)) == .malformed) }

  // `#expect` takes no spans.
  private func advance(_ scan: inout NetstringScan, over bytes: [UInt8]) -> Framing.Verdict {
    scan.advance(over: bytes.span, within: Limits())
  }

  private func verdict(_ bytes: [UInt8], _ limits: Limits = Limits()) -> Framing.Verdict {
    var scan = NetstringScan()
    return scan.advance(over: bytes.span, within: limits)
  }
}
