/// One server-sent event.
package struct SSEEvent {
  /// What `event:` said; empty if it said nothing.
  package let name: SSEBytes
  /// The `data:` lines, joined by line feeds.
  package let data: SSEBytes
}

/// Why a stream of events cannot be read any further.
package enum SSEError: Error, Sendable {
  /// A line, or the data of an event, is longer than the limit.
  case tooLong
}
