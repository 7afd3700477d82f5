import NIOCore
import Testing

@testable import sluice_sim

@Suite struct FaultTests {
  private static func actions(_ model: String, stream: Bool = true) throws -> [Cue.Action] {
    try ScriptTests.cues(model, stream: stream).map(\.action)
  }

  private static let head = Cue.Action.head(Cue.Head(contentType: "text/event-stream; charset=utf-8"))

  @Test(arguments: [("reset", Cue.Action.reset), ("cut", .cut), ("stall", .hold)], [true, false])
  func beforeAnyByte(fault: (word: String, action: Cue.Action), stream: Bool) throws {
    let cues = try ScriptTests.cues("x;fault=\(fault.word);after=request;delay=7", stream: stream)
    #expect(cues == [Cue(at: .milliseconds(7), action: fault.action)])
  }

  @Test(arguments: [("reset", Cue.Action.reset), ("cut", .cut), ("stall", .hold), ("eof", .end(.fault))])
  func betweenTheHeadersAndTheFirstEvent(fault: String, action: Cue.Action) throws {
    let cues = try ScriptTests.cues("x;fault=\(fault);after=headers;delay=7;first=5")
    #expect(cues == [Cue(at: .milliseconds(7), action: Self.head), Cue(at: .milliseconds(12), action: action)])
  }

  @Test(arguments: ["headers", "request"]) func anErrorIsTheFirstEvent(place: String) throws {
    let cues = try ScriptTests.cues("x;fault=error;after=\(place)")
    #expect(cues.first?.action == Self.head)
    #expect(ScriptTests.body(cues) == "data: \(Refusal.serverError.openAILine)\n\n")
    #expect(cues.last?.action == .end(.fault))
  }

  @Test func afterTheRoleOnly() throws {
    let cues = try ScriptTests.cues("x;fault=reset;after=0")
    #expect(ScriptTests.tokens(cues) == 0)
    #expect(ScriptTests.body(cues).contains(#""delta":{"role":"assistant","content":"","refusal":null}"#))
    #expect(cues.last?.action == .reset)
  }

  @Test(arguments: ["headers", "0", "1"]) func whatGoesOnLosesNoEvent(place: String) throws {
    let garbage = "data: \(ScriptTests.garbage)\n\n"
    let whole = ScriptTests.body(try ScriptTests.cues("x;tokens=2;azure=1"))
    let broken = ScriptTests.body(try ScriptTests.cues("x;tokens=2;azure=1;fault=garbage;after=\(place)"))
    let parts = broken.split(separator: garbage, omittingEmptySubsequences: false)
    #expect(parts.count == 2)
    #expect(parts.joined() == whole)
    #expect(parts.first?.split(separator: "\n\n").count == ["headers": 0, "0": 2, "1": 3][place])
  }

  @Test func halfAHeadIsFollowedByNothing() throws {
    #expect(try Self.actions("x;fault=halfhead;beat=10") == [Self.head, .hold])
    #expect(try Self.actions("x;fault=halfhead", stream: false) == [Self.head, .hold])
  }

  @Test(arguments: [301, 302, 303, 307, 308]) func aRedirectLeadsToAPlaceOfItsOwn(status: Int) throws {
    guard case .head(let head) = try Self.actions("x;fault=status;status=\(status)").first else {
      Issue.record("no head")
      return
    }
    #expect(head.status == status)
    #expect(head.location == "/sim/redirected/chatcmpl-1")
    #expect(head.retryAfter == .none)
  }

  @Test(arguments: [
    ("429", RetryAfter.seconds(1)), ("503", .seconds(1)), ("500", .none), ("429;retry=none", .none),
    ("500;retry=9", .seconds(9)), ("429;retry=date+3", .date(3)), ("200;retry=date-3", .date(-3)),
  ])
  func anErrorSaysWhenToTryAgain(status: String, retryAfter: RetryAfter) throws {
    guard case .head(let head) = try Self.actions("x;fault=status;status=\(status)").first else {
      Issue.record("no head")
      return
    }
    #expect(head.retryAfter == retryAfter)
    #expect(head.location == nil)
  }

  @Test func theDateIsAnHTTPDate() {
    // The example of RFC 9110, section 5.6.7.
    #expect(RetryAfter.date(0).value(now: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(RetryAfter.date(-37).value(now: 784_111_777) == "Sun, 06 Nov 1994 08:49:00 GMT")
    #expect(RetryAfter.seconds(5).value(now: 784_111_777) == "5")
    #expect(RetryAfter.none.value(now: 784_111_777) == nil)
  }

  @Test func anErrorBodyMayBeHTML() throws {
    let cues = try ScriptTests.cues("x;fault=status;status=502;body=html")
    let body = ScriptTests.body(cues)
    #expect(body.hasPrefix("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"))
    let head = Cue.Head(status: 502, contentType: "text/html", length: body.utf8.count)
    #expect(cues.first?.action == .head(head))
  }

  @Test func anErrorBodyMayBeEmpty() throws {
    let cues = try ScriptTests.cues("x;fault=status;status=500;body=empty")
    #expect(ScriptTests.body(cues) == "")
    #expect(cues.first?.action == .head(Cue.Head(status: 500, contentType: "text/plain", length: 0)))
    #expect(cues.last?.action == .end(.fault))
  }

  @Test func anErrorBodyMayBeEndless() throws {
    var cues = ErrorBody.endless.cues(
      .serverError, by: OpenAIChat(), retryAfter: .none, location: nil, at: .milliseconds(5))
    #expect(cues.next() == Cue(at: .milliseconds(5), action: .head(Cue.Head(status: 500))))
    var bytes = 0
    for _ in 0..<2000 {
      guard case .write(let piece, 0) = cues.next()?.action else {
        Issue.record("it ended")
        return
      }
      bytes += piece.readableBytes
    }
    #expect(bytes > 32_000_000)
  }
}
