/// Writes Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
///
/// Names and label names are the program's own words; label values and help are escaped.
struct Exposition {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(32 * 1024) }

  /// A value that goes up and down.
  mutating func gauge(_ name: String, _ help: String, _ value: Double) {
    head(name, "gauge", help)
    sample(name, [], value)
  }

  /// A value that goes up and down, for each value of a label.
  mutating func gauge(_ name: String, _ help: String, by label: String, _ values: [(label: String, value: Double)]) {
    head(name, "gauge", help)
    for value in values { sample(name, [(label, value.label)], value.value) }
  }

  /// A value that only grows while the process lives; its name ends with `_total`.
  mutating func counter(_ name: String, _ help: String, _ value: Double) {
    head(name, "counter", help)
    sample(name, [], value)
  }

  mutating func counter(_ name: String, _ help: String, by label: String, _ values: [(label: String, value: Double)]) {
    head(name, "counter", help)
    for value in values { sample(name, [(label, value.label)], value.value) }
  }

  /// Apart by several labels.
  mutating func counter(
    _ name: String, _ help: String, by labels: [String], _ values: [(labels: [String], value: Double)]
  ) {
    head(name, "counter", help)
    for value in values { sample(name, Array(zip(labels, value.labels)), value.value) }
  }

  mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
    head(name, "histogram", help)
    series(name, [], histogram)
  }

  mutating func histogram(
    _ name: String, _ help: String, by label: String, _ histograms: [(label: String, value: Histogram)]
  ) {
    head(name, "histogram", help)
    for histogram in histograms { series(name, [(label, histogram.label)], histogram.value) }
  }

  // MARK: lines

  private mutating func series(_ name: String, _ labels: [(String, String)], _ histogram: Histogram) {
    let reading = histogram.reading
    let bounds = histogram.buckets.bounds.map(Self.text) + ["+Inf"]
    for (bound, count) in zip(bounds, reading.cumulative) {
      sample("\(name)_bucket", labels + [("le", bound)], Double(count))
    }
    sample("\(name)_sum", labels, reading.sum)
    sample("\(name)_count", labels, Double(reading.cumulative.last ?? 0))
  }

  private mutating func head(_ name: String, _ type: String, _ help: String) {
    line("# HELP \(name) \(Self.escaped(help))")
    line("# TYPE \(name) \(type)")
  }

  private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
    let list = labels.map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }.joined(separator: ",")
    line("\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.text(value))")
  }

  private mutating func line(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    bytes.append(0x0A)
  }

  /// Whole numbers without a fraction; the others as Swift writes them, which Go's ParseFloat reads.
  private static func text(_ value: Double) -> String {
    if value == .infinity { return "+Inf" }
    if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return String(whole) }
    return value.description
  }

  private static func escaped(_ text: String, quotes: Bool = false) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
