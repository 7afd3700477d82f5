import Testing

@testable import Service

@Suite struct NginxMeasureTests {
  @Test(arguments: [
    ("25s", 25_000), ("60", 60_000), ("500ms", 500), ("1m30s", 90_000), ("2h", 7_200_000), ("0", 0), ("", nil),
    ("s", nil), ("1x", nil), ("-1s", nil), ("99999999999999999999s", nil),
  ])
  func times(text: String, milliseconds: Int?) { #expect(NginxMeasure.milliseconds(text) == milliseconds) }

  @Test(arguments: [
    ("4k", 4_096), ("1M", 1 << 20), ("1g", 1 << 30), ("0", 0), ("72", 72), ("k", nil), ("", nil), ("-1k", nil),
    ("99999999999999999999", nil),
  ])
  func sizes(text: String, bytes: Int?) { #expect(NginxMeasure.bytes(text) == bytes) }
}
