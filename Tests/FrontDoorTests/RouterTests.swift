import EventLoop
import Synchronization
import Testing

@testable import FrontDoor

@Suite struct RouterTests {
  /// Stands where a connection does and keeps the replies. Replies come on the loop, and `handle` waits for them.
  final class Listener: Peer {
    let loop: EventLoop
    let replies = Mutex<[Response]>([])
    init() throws { loop = try EventLoop(name: "router") }
    func reply(_ response: Response, to serial: UInt32) { replies.withLock { $0.append(response) } }
    func stream(_ serial: UInt32, _ head: Response.Head, from source: any ReplySource, token: Int) -> Bool { false }
    func proceed(_ serial: UInt32) {}
    func park(_ serial: UInt32, owner: any ParkedOwner, token: Int) -> Bool { true }
  }

  static let router = Router([
    route(.get, "/chat/{turn}/poll"), route(.post, "/chat/{turn}/cancel"), route(.post, "/chat/start"),
    route(.get, "/chat/conversations"), route(.get, "/chat/conversations/{id}"),
    route(.delete, "/chat/conversations/{id}"), route(.get, "/"),
  ])

  static func route(_ method: Method, _ pattern: StaticString) -> Route {
    Route(method, pattern) { _, captured, exchange in
      exchange.reply(Response(status: 200, body: Array("\(pattern) \(captured)".utf8)))
    }
  }

  @Test(
    arguments: [
      (.get, "/chat/t1/poll", "/chat/{turn}/poll t1"), (.post, "/chat/t1/cancel", "/chat/{turn}/cancel t1"),
      (.post, "/chat/start", "/chat/start "), (.get, "/chat/conversations/é", "/chat/conversations/{id} é"),
      (.delete, "/chat/conversations/1", "/chat/conversations/{id} 1"), (.get, "/", "/ "),
    ] as [(Method, String, String)])
  func takesTheRouteOfMethodAndPath(method: Method, path: String, answer: String) throws {
    let response = try handle(method, path)
    #expect(response.head.status == 200)
    #expect(String(decoding: response.body, as: UTF8.self) == answer)
  }

  @Test(arguments: ["/chat", "/chat//poll", "/chat/t1/poll/", "/chat/a/b/poll", "/chat/t1/pol", "/chat/conversations/"])
  func anUnknownPathIs404(path: String) throws {
    let response = try handle(.get, path)
    #expect(response.head.status == 404)
    #expect(response.body == Response.notFound.body)
  }

  @Test(arguments: [("/v1/models/a", "a"), ("/v1/models/a/b", "a/b"), ("/v1/models//", "/"), ("/v1/models/", nil)])
  func theRestOfAPathIsTakenOverItsSlashes(path: String, captured: String?) throws {
    let response = try handle(.get, path, by: Router([Self.route(.get, "/v1/models/{name*}")]))
    #expect(response.head.status == (captured == nil ? 404 : 200))
    if let captured { #expect(String(decoding: response.body, as: UTF8.self) == "/v1/models/{name*} \(captured)") }
  }

  @Test func aWrongMethodIs405WithThoseAllowed() throws {
    let response = try handle(.put, "/chat/conversations/1")
    #expect(response.head.status == 405)
    #expect(String(decoding: response.head.bytes, as: UTF8.self).contains("\r\nAllow: GET, DELETE\r\n"))
  }

  @Test func aMethodIsAllowedOnce() throws {
    let router = Router([Self.route(.get, "/{a}"), Self.route(.get, "/x"), Self.route(.post, "/x")])
    let response = try handle(.put, "/x", by: router)
    #expect(String(decoding: response.head.bytes, as: UTF8.self).contains("\r\nAllow: GET, POST\r\n"))
  }

  @Test(arguments: [("/chat/start", 405, "POST"), ("/chat", 404, "")])
  func theProgramMayAnswerWhatNoRouteTakes(path: String, status: Int, allow: String) throws {
    let router = Router([Self.route(.post, "/chat/start")]) { request, allowed in
      Response.unmatched(allow: allowed).adding(headers: [
        ("X-Path", request.path), ("X-Allow", allowed.map(\.rawValue).joined(separator: ",")),
      ])
    }
    let response = try handle(.get, path, by: router)
    #expect(response.head.status == status)
    let head = String(decoding: response.head.bytes, as: UTF8.self)
    #expect(head.contains("\r\nX-Path: \(path)\r\n"))
    #expect(head.contains("\r\nX-Allow: \(allow)\r\n"))
    #expect(response.body == Response.unmatched(allow: allow.isEmpty ? [] : [.post]).body)
  }

  private func handle(_ method: Method, _ path: String, by router: Router = router) throws -> Response {
    let listener = try Listener()
    router.handle(Request(method: method, path: path), Exchange(peer: listener, serial: 1))
    listener.loop.start()
    listener.loop.stop()
    listener.loop.join()
    let replies = listener.replies.withLock { $0 }
    #expect(replies.count == 1)
    return try #require(replies.first)
  }
}
