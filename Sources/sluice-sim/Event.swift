/// One event of a stream, before it is framed.
struct Event: Equatable, Sendable {
  let head: Head
  /// JSON, mostly; it holds no line end.
  let data: String

  /// What is known of an event before its data.
  struct Head: Equatable, Sendable {
    var kind = Kind.event
    /// Empty for a format whose events have no names.
    var name = ""
  }

  enum Kind: Sendable {
    case event
    /// An error, where frames tell errors apart (Bedrock).
    case exception
    /// One that its protocol itself reports: it has no data, only headers.
    case error
    /// Bytes that stand behind the events and are none.
    case raw
  }

  init(_ name: String, kind: Kind = .event, _ data: String) {
    head = Head(kind: kind, name: name)
    self.data = data
  }

  /// One without a name.
  init(_ data: String, kind: Kind = .event) { self.init("", kind: kind, data) }
}

/// The bytes around one piece of text, in an event that carries it. Most are made once for all pieces.
struct Delta: Sendable {
  let head: Event.Head
  let lead: [UInt8]
  let trail: [UInt8]
  /// What stands behind the text instead of ``trail`` in an event that is made longer.
  let padding: Padding

  /// Filling goes between the two.
  struct Padding: Sendable {
    let opening: [UInt8]
    let end: [UInt8]
    let filler: UInt8
  }

  /// - Parameter padding: what stands between the text and the value that pads the event, the last of its object; nil
  ///   pads with blanks before the end of the object.
  init(_ name: String, _ lead: String, _ trail: String, padding opening: String? = nil) {
    head = Event.Head(name: name)
    self.lead = Array(lead.utf8)
    self.trail = Array(trail.utf8)
    padding =
      if let opening {
        Padding(opening: Array(opening.utf8), end: Array("\"}".utf8), filler: UInt8(ascii: "x"))
      } else {
        Padding(opening: Array(trail.dropLast().utf8), end: Array("}".utf8), filler: UInt8(ascii: " "))
      }
  }

  /// In an event without a name.
  init(_ lead: String, _ trail: String, padding opening: String? = nil) {
    self.init("", lead, trail, padding: opening)
  }

  /// The size of the data around the text and the filling.
  var paddedFrame: Int { lead.count + padding.opening.count + padding.end.count }
}
