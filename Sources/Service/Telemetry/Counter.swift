/// Counts one thing.
struct Counter: Sendable {
  private let cells: Cells

  init(_ lanes: Lanes) { cells = Cells(lanes: lanes, columns: 1) }

  func add(_ number: Int = 1, in lane: Lane) { cells.add(UInt64(number), to: 0, in: lane) }

  var value: UInt64 { cells.sum(0) }
}

/// The values of a label: the cases of an enum, in snake_case. Raw values count from 0.
protocol MetricLabel: CaseIterable, RawRepresentable, Sendable where RawValue == Int {}

extension MetricLabel {
  /// As a metric shows it.
  var text: String {
    var text = ""
    for character in "\(self)" {
      if character.isUppercase { text += "_" }
      text += character.lowercased()
    }
    return text
  }
}

/// Counts one thing apart by a label.
struct LabelledCounter<Label: MetricLabel>: Sendable {
  private let cells: Cells

  init(_ lanes: Lanes) { cells = Cells(lanes: lanes, columns: Label.allCases.count) }

  func add(_ label: Label, _ number: Int = 1, in lane: Lane) { cells.add(UInt64(number), to: label.rawValue, in: lane) }

  func value(_ label: Label) -> UInt64 { cells.sum(label.rawValue) }

  /// All label values, those at 0 too.
  var values: [(label: String, value: UInt64)] { Label.allCases.map { ($0.text, value($0)) } }
}

/// Counts stable codes out of a closed list; any other counts as `other`. For what is not frequent: it looks the code up.
struct CodeCounter: Sendable {
  private let codes: [String]
  private let places: [String: Int]
  private let cells: Cells

  init(_ lanes: Lanes, codes: [String]) {
    self.codes = codes + ["other"]
    places = Dictionary(zip(codes, codes.indices), uniquingKeysWith: { first, _ in first })
    cells = Cells(lanes: lanes, columns: codes.count + 1)
  }

  func add(_ code: String, in lane: Lane) { cells.add(1, to: places[code] ?? codes.count - 1, in: lane) }

  /// All codes, those at 0 too.
  var values: [(label: String, value: UInt64)] { codes.indices.map { (codes[$0], cells.sum($0)) } }
}
