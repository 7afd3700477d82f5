/// One server-sent event.
package struct SSEEvent {
  /// What `event:` said; empty if it said nothing.
  package let name: StreamBytes
  /// The `data:` lines, joined by line feeds.
  package let data: StreamBytes
}
