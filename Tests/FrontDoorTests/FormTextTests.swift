import Testing

@testable import FrontDoor

@Suite struct FormTextTests {
  @Test(
    arguments: [
      ("a=1&b=2", "b", "2"), ("a=1&a=2", "a", "1"), ("ab=1&b=2", "b", "2"), ("b=1&ab=2", "ab", "2"), ("a", "a", ""),
      ("a=", "a", ""), ("&&a=1&", "a", "1"), ("a=b=c", "a", "b=c"),
      ("", "a", nil), ("b=1", "a", nil), ("aa=1", "a", nil),
      ("a=%41%c3%A9", "a", "Aé"), ("a=x+y%2Bz", "a", "x y+z"), ("a=%", "a", "%"), ("a=%4", "a", "%4"),
      ("a=%zz", "a", "%zz"),
      ("a=%4g1", "a", "%4g1"), ("a=%ff", "a", "\u{FFFD}"), ("a=1.57&wait=20000", "wait", "20000"),
    ] as [(String, String, String?)])
  func findsAndDecodesTheFirstValue(query: String, name: String, value: String?) {
    let request = Request(method: .get, path: "/", query: query)
    let found: String? =
      switch name {
      case "a": request.queryValue("a")
      case "b": request.queryValue("b")
      case "ab": request.queryValue("ab")
      default: request.queryValue("wait")
      }
    #expect(found == value)
  }
}
