import Testing
import Wire

@testable import Service

@Suite struct StatusTableTests {
  private func json(_ table: StatusTable) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    table.write(to: &writer)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private let list = StatusTable(
    "some_things",
    list: [
      [("name", .text("a")), ("how_many", .count(5)), ("share", .share(0.125)), ("age", .seconds(0.0012))],
      [("name", .text(nil)), ("how_many", .count(12_345)), ("share", .share(1)), ("age", .seconds(nil))],
    ])

  @Test func columnsAreAligned() {
    #expect(
      list.lines == [
        "some things:",
        "  name   how many   share   age",
        "  a      5          13 %    1.2 ms",
        "  -      12345      100 %   -",
      ])
  }

  @Test func programsGetTheSame() {
    #expect(
      json(list) == """
        {"some_things":[{"name":"a","how_many":5,"share":0.125,"age_seconds":0.0012},\
        {"name":null,"how_many":12345,"share":1.0,"age_seconds":null}]}
        """)
    #expect(json(StatusTable("one", [("on", .flag(true))])) == #"{"one":{"on":true}}"#)
  }

  @Test func anEmptyListIsNothingForPeopleAndAnEmptyArrayForPrograms() {
    let empty = StatusTable("none", list: [])
    #expect(empty.lines.isEmpty)
    #expect(json(empty) == #"{"none":[]}"#)
  }

  @Test func whatIsNotKnownIsNotTakenForNothing() {
    let unknown = StatusTable("things", list: nil)
    #expect(unknown.lines == ["things:", "  not known"])
    #expect(json(unknown) == #"{"things":null}"#)
  }

  @Test(arguments: [
    (0.0, "0.0 ms"), (0.25, "250.0 ms"), (1.25, "1.3 s"), (119, "119.0 s"), (180, "3 min"), (7_200, "2 h"),
    (200_000, "2 d"), (-3, "-3.0 s"),
  ])
  func timesHaveFewDigits(_ seconds: Double, _ shown: String) {
    #expect(StatusTable("t", [("a", .seconds(seconds))]).lines.last == "  \(shown)")
  }
}
