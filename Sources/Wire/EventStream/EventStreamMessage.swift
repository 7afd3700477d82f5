/// One message of an event stream.
package struct EventStreamMessage {
  package let headers: [EventStreamHeader]
  package let payload: StreamBytes

  /// The first header of that name.
  package subscript(name: String) -> EventStreamHeader.Value? { headers.first { $0.name == name }?.value }
}

/// Why a stream of messages cannot be read any further.
package enum EventStreamError: String, Error, Sendable {
  /// Shorter than its own frame, longer than the limit, or headers longer than the message.
  case length = "impossible length"
  case preludeChecksum = "wrong checksum of a prelude"
  case checksum = "wrong checksum of a message"
  case headers = "unreadable headers"
}
