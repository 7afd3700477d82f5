package import Chat

/// Translates between the words of `Chat` and one provider's wire format. Pure: it opens no connection, reads no clock.
package protocol ProviderDriver: Sendable {
  /// What `model_route.driver` calls it.
  static var name: String { get }

  /// Base URL when a route names neither region nor managed domain.
  static var defaultEndpoint: String { get }

  /// The HTTP request that asks for one answer. Throws `model_misconfigured` when the route or the parameters cannot be
  /// sent; the cause names the key.
  func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest

  /// A fresh decoder for the body of one 2xx answer to a request with the same `streaming`.
  func decoder(streaming: Bool) -> any ProviderDecoder

  /// What a non-2xx answer means. `retryAfter` is the header's value in seconds; `body` may be cut or empty.
  func failure(status: Int, retryAfter: Int?, body: UnsafeRawBufferPointer) -> ProviderError
}

/// Reads the body of one answer, cut anywhere. After it has thrown, or after the sink got its finish, it ignores input.
package protocol ProviderDecoder: Sendable {
  /// Reads the next bytes and hands what they complete to the sink.
  mutating func feed<Sink: ProviderEventSink>(
    _ bytes: UnsafeRawBufferPointer, to sink: inout Sink
  ) throws(ProviderError)

  /// To be called when the body ended cleanly. Throws `upstream_truncated` if the answer is not whole.
  mutating func finish<Sink: ProviderEventSink>(to sink: inout Sink) throws(ProviderError)

  /// Whether the last `feed` got anything but comments and white space: what resets the idle time-out.
  var sawData: Bool { get }

  /// Whether the model has said that its answer ends here. What may still come is usage and the end mark: so when the
  /// connection breaks or falls silent now, `finish` completes the answer.
  var sawFinish: Bool { get }
}

/// Receives an answer, piece by piece. `finish` comes last and once, unless the decoder throws.
package protocol ProviderEventSink {
  /// Text of the answer (a refusal too), valid UTF-8, never empty, never cut inside a character. Valid during the call.
  mutating func text(_ utf8: UnsafeRawBufferPointer)

  /// Text of the model's reasoning, likewise.
  mutating func reasoning(_ utf8: UnsafeRawBufferPointer)

  /// Replaces whatever was reported before.
  mutating func usage(_ usage: Usage)

  mutating func finish(_ reason: FinishReason)
}
