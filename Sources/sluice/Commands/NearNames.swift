/// Which of the names that exist somebody may have meant.
enum NearNames {
  /// The most that are suggested.
  private static let limit = 3

  /// The nearest first: those a few letters away, and those that begin with it.
  static func of(_ typed: String, among names: [String]) -> [String] {
    let typed = typed.lowercased()
    let bound = max(1, typed.count / 3)
    let near = names.compactMap { name -> (name: String, distance: Int)? in
      let other = name.lowercased()
      let distance = distance(typed, other)
      if !typed.isEmpty, other.hasPrefix(typed) || typed.hasPrefix(other) { return (name, min(distance, 1)) }
      return distance <= bound ? (name, distance) : nil
    }
    return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(limit).map(\.name)
  }

  /// Letters to insert, drop, change, or swap with the next. Damerau and Levenshtein's, each pair swapped once.
  static func distance(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first), Array(second))
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var least = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, before[j - 1] + 1) }
        row.append(least)
      }
      (before, last) = (last, row)
    }
    return last[b.count]
  }
}
