/// What a client says that it takes as a stream.
enum StreamKind {
  /// Server-sent events.
  case events
  /// JSON lines.
  case lines

  /// From the header `Accept` (RFC 9110, section 12.5.1): the first of the two that is named. Wildcards name neither, for
  /// every client sends them; nor does what is refused by `q=0`.
  init?(accepted header: String?) {
    guard let header else { return nil }
    for range in header.split(separator: ",") {
      let words = range.split(separator: ";").map { Self.trimmed($0).lowercased() }
      if words.dropFirst().contains(where: { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }) { continue }
      switch words.first {
      case EventStreamForm.contentType: self = .events
      case JSONLinesForm.contentType: self = .lines
      default: continue
      }
      return
    }
    return nil
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    var text = text.drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text
  }
}
