/// The front door's bounds.
package struct Limits: Sendable {
  /// Bytes of a request's variables; more is answered 431.
  package var maxParams = 64 * 1024
  /// Bytes of a request's body; more is answered 413.
  package var maxBody = 1024 * 1024
  /// Milliseconds a request may take to arrive, from its first byte, and a new connection until its first byte; then the
  /// connection is closed. One that has been answered may stay silent for ever.
  package var requestDeadline = 10_000
  /// Milliseconds in which the peer must take at least one byte of a reply; then the connection is closed.
  package var writeDeadline = 30_000
  /// Connections over all loops, in equal shares; those beyond wait in the kernel's queue.
  package var maxConnections = 16_384

  package init() {}

  /// Bytes a request may be as sent, with record headers and padding: small fragments are paid for up to twice the
  /// content, and 64 KiB more.
  var maxRecords: Int { 2 * (maxParams + maxBody) + 64 * 1024 }
  /// Bytes taken while a request is being answered, where only an ABORT_REQUEST is allowed to come.
  var maxAhead: Int { 64 * 1024 }
  /// Bytes read and dropped after a refusal, so that the peer gets to read it.
  var maxDiscarded: Int { 8 * maxBody }
}
