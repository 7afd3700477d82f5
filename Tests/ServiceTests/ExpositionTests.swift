import Testing

@testable import Service

/// The format is defined at https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
@Suite struct ExpositionTests {
  private func text(_ write: (inout Exposition) -> Void) -> String {
    var page = Exposition()
    write(&page)
    return String(decoding: page.bytes, as: UTF8.self)
  }

  @Test func aGaugeAndACounter() {
    let page = text {
      $0.gauge("a", "What is.", 1.5)
      $0.counter("b_total", "What was.", 3)
    }
    #expect(
      page == """
        # HELP a What is.
        # TYPE a gauge
        a 1.5
        # HELP b_total What was.
        # TYPE b_total counter
        b_total 3

        """)
  }

  @Test func labels() {
    let page = text { $0.counter("c_total", "By two.", by: ["x", "y"], [(["1", "2"], 0), (["1", "3"], 4)]) }
    #expect(page.hasSuffix("c_total{x=\"1\",y=\"2\"} 0\nc_total{x=\"1\",y=\"3\"} 4\n"))
  }

  @Test func valuesAndHelpAreEscaped() {
    let page = text { $0.gauge("d", "A \"word\" \\ two\nlines", by: "v", [("a\"b\\c\nd", 1)]) }
    #expect(
      page == #"""
        # HELP d A "word" \\ two\nlines
        # TYPE d gauge
        d{v="a\"b\\c\nd"} 1

        """#)
  }

  @Test func aHistogram() {
    let lanes = Lanes(loops: [])
    let histogram = Histogram(lanes, Buckets(least: 1, count: 2, unit: 1))
    histogram.observe(1, in: lanes.current)
    histogram.observe(2, in: lanes.current)
    histogram.observe(9, in: lanes.current)
    let page = text { $0.histogram("e", "Sizes.", by: "p", [("q", histogram)]) }
    #expect(
      page == """
        # HELP e Sizes.
        # TYPE e histogram
        e_bucket{p="q",le="1"} 1
        e_bucket{p="q",le="2"} 2
        e_bucket{p="q",le="+Inf"} 3
        e_sum{p="q"} 12
        e_count{p="q"} 3

        """)
  }

  @Test(arguments: [
    (0.0, "0"), (-2, "-2"), (1e9, "1000000000"), (0.0001, "0.0001"), (0.00001, "1e-05"), (.infinity, "+Inf"),
  ])
  func numbers(_ value: Double, _ shown: String) {
    #expect(text { $0.gauge("f", "", value) }.hasSuffix("\nf \(shown)\n"))
  }
}
