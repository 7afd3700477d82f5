extension FrontDoor {
  /// What goes on at the front door: the first three now, the others since the start.
  package struct Gauges: Sendable, Equatable {
    /// Open connections.
    package var connections = 0
    /// Parked exchanges.
    package var parked = 0
    /// Replies that are being given piece by piece.
    package var streams = 0
    /// Connections accepted. Far fewer than requests where a web server keeps them open.
    package var accepted = 0
    /// Requests handed to the handler.
    package var requests = 0
    /// Requests handed over whose peer went, or took them back, before they were answered.
    package var abandoned = 0
    /// Requests that broke a limit or the protocol, by reason; every reason is there.
    package var refusals = Dictionary(uniqueKeysWithValues: Reason.allCases.map { ($0, 0) })
    /// Connections closed because the peer took nothing of a reply for `Limits.writeDeadline`.
    package var stalls = 0
    /// How often accepting paused because descriptors or connections had run out.
    package var pauses = 0
    /// Bytes received and sent, with all framing.
    package var bytesIn = 0
    package var bytesOut = 0

    package init() {}

    /// Over all reasons.
    package var refused: Int { refusals.values.reduce(0, +) }

    /// Why the front door turned somebody away by itself.
    package enum Reason: String, CaseIterable, Sendable {
      /// Variables beyond `Limits.maxParams`; answered 431.
      case params
      /// A body beyond `Limits.maxBody`; answered 413.
      case body
      /// No method, no path or no UTF-8; answered 400.
      case badRequest = "bad_request"
      /// Neither dialect, or broken in the middle; the connection is closed.
      case malformed
      /// FastCGI where SCGI is expected, or the other way round: whoever set up the web server or the listeners took one
      /// for the other. The connection is closed.
      case fastCGIOnSCGI = "fastcgi_on_scgi"
      case scgiOnFastCGI = "scgi_on_fastcgi"
      /// Not whole, or not even begun, within `Limits.requestDeadline`; the connection is closed.
      case deadline
    }
  }
}
