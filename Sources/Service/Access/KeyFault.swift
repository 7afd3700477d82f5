/// How an attempt to read an issuer's keys ended.
enum KeyReading: Int, MetricLabel {
  case done
  /// No file, no variable, no connection, no answer.
  case unreachable
  /// The server answered with another status than 200.
  case refused
  /// What came is no set of keys, or too long.
  case malformed
}

/// Why an issuer's keys could not be read.
struct KeyFault: Error, Equatable, CustomStringConvertible {
  let reading: KeyReading
  /// For operators: no key and no query of a URL in it.
  let description: String

  init(_ reading: KeyReading, _ description: String) {
    self.reading = reading
    self.description = description
  }
}
