/// Finds the route of a request by method and path; answers 404 or 405 itself.
package final class Router: RequestHandler {
  /// Answers what no route takes. `allowed`: the methods that the path does take; empty if there is no such path.
  package typealias Unmatched = @Sendable (_ request: Request, _ allowed: [Method]) -> Response
  /// See `RequestHandler.refusal(_:of:)`.
  package typealias Refused = @Sendable (_ request: Request, _ refusal: Response) -> Response

  private let routes: [Route]
  private let unmatched: Unmatched
  private let refused: Refused

  /// Of routes that match the same path the first counts, so put the most frequent and the most literal first.
  package init(
    _ routes: [Route], unmatched: @escaping Unmatched = { .unmatched(allow: $1) },
    refused: @escaping Refused = { $1 }
  ) {
    self.routes = routes
    self.unmatched = unmatched
    self.refused = refused
  }

  package func handle(_ request: Request, _ exchange: Exchange) {
    var allowed: [Method] = []
    for route in routes {
      guard let captured = route.match(request.path.utf8.span) else { continue }
      if route.method == request.method {
        let value = request.path.utf8.span.extracting(captured).withUnsafeBufferPointer {
          String(decoding: $0, as: UTF8.self)
        }
        return route.action(request, value, exchange)
      }
      if !allowed.contains(route.method) { allowed.append(route.method) }
    }
    exchange.reply(unmatched(request, allowed))
  }

  package func refusal(_ response: Response, of request: Request) -> Response { refused(request, response) }
}

/// A method, a path with at most one variable segment, and what to do.
package struct Route: Sendable {
  /// `captured`: the variable segment, never empty; "" if the pattern has none.
  package typealias Action = @Sendable (_ request: Request, _ captured: String, _ exchange: Exchange) -> Void

  let method: Method
  let action: Action
  /// The path before and after the variable segment; `tail` is nil if there is none.
  private let head: [UInt8]
  private let tail: [UInt8]?
  /// The variable segment goes on to the end of the path, over every "/".
  private let takesRest: Bool

  /// `pattern`: "/chat/start", "/chat/{turn}/poll", or "/models/{name*}", which takes the rest of the path. Compared byte
  /// for byte; a trailing "/" counts.
  package init(_ method: Method, _ pattern: StaticString, _ action: @escaping Action) {
    self.method = method
    self.action = action
    let text = Array("\(pattern)".utf8)
    if let open = text.firstIndex(of: UInt8(ascii: "{")), let close = text.firstIndex(of: UInt8(ascii: "}")) {
      head = Array(text[..<open])
      tail = Array(text[(close + 1)...])
      takesRest = text[close - 1] == UInt8(ascii: "*")
    } else {
      head = text
      tail = nil
      takesRest = false
    }
  }

  /// Where in `path` the variable segment stands (an empty range if there is none); nil if the path does not match.
  func match(_ path: borrowing Span<UInt8>) -> Range<Int>? {
    guard path.matches(head, at: 0) else { return nil }
    guard let tail else { return path.count == head.count ? 0..<0 : nil }
    if takesRest { return path.count > head.count ? head.count..<path.count : nil }
    var end = head.count
    while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
    return end > head.count && path.count == end + tail.count && path.matches(tail, at: end) ? head.count..<end : nil
  }
}

extension Span<UInt8> {
  fileprivate func matches(_ text: [UInt8], at start: Int) -> Bool {
    guard count >= start + text.count else { return false }
    for index in text.indices where self[start + index] != text[index] { return false }
    return true
  }
}
