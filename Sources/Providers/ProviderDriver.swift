package import Chat

/// Translates between the words of `Chat` and one provider's wire format. Pure: it opens no connection, reads no clock.
package protocol ProviderDriver: Sendable {
  /// What `model_route.driver` calls it.
  var name: String { get }

  /// Members of the body that speak of tools: none of them is sent for a virtual model whose `notool` is set.
  var toolMembers: [String] { get }

  /// Base URL of a route, from its region and its credential's managed domain. Throws `model_misconfigured`; the cause
  /// names the column.
  func endpoint(region: String?, managedDomain: String?) throws(ProviderError) -> String

  /// The request that asks for one answer, before the route's overrides and without its credential. Throws
  /// `model_misconfigured` when the route or a parameter cannot be sent; the cause names the key.
  func request(for call: ProviderCall) throws(ProviderError) -> ProviderRequest

  /// Adds what proves who asks. It comes last, for it may sign all the rest. `time`: now, in seconds since 1970.
  func authorize(_ request: inout ProviderRequest, with credential: String?, at time: Int) throws(ProviderError)

  /// A fresh decoder for the body of one 2xx answer to a request with the same `streaming`.
  func decoder(streaming: Bool) -> any ProviderDecoder

  /// What a non-2xx answer means. `retryAfter` is the header's value in seconds; `body` may be cut or empty.
  func failure(status: Int, retryAfter: Int?, body: UnsafeRawBufferPointer) -> ProviderError

  /// For a driver that asks nobody: the answer's text. Nil for all others.
  func ownAnswer(to call: ProviderCall) -> String?
}

extension ProviderDriver {
  package func ownAnswer(to call: ProviderCall) -> String? { nil }

  package func failure(status: Int, retryAfter: Int?, body: UnsafeRawBufferPointer) -> ProviderError {
    ProviderFailure(status: status, body: body).error(retryAfter: retryAfter)
  }

  /// The whole request: the driver's, with the route's overrides merged in and signed. Throws as `request(for:)`.
  package func wholeRequest(for call: ProviderCall, at time: Int) throws(ProviderError) -> ProviderRequest {
    var request = try request(for: call)
    try request.merge(call.route.overrides, without: call.tools == nil ? toolMembers : [])
    try authorize(&request, with: call.route.credential, at: time)
    return request
  }
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

  /// A block the provider wants back at this place of the answer in the next round, byte for byte: signed reasoning,
  /// say. JSON that only its driver reads (`MessagePart.kept`). Never shown to clients.
  mutating func keep(_ block: [UInt8])

  /// The model calls a tool. `index` counts the calls of this answer from 0, whatever numbers the provider gives them.
  /// `signature` belongs to the call and goes back with it.
  mutating func toolCall(index: Int, id: String, name: String, signature: String?)

  /// A piece of that call's arguments; all pieces joined are JSON.
  mutating func toolArguments(_ utf8: UnsafeRawBufferPointer, index: Int)

  /// Replaces whatever was reported before.
  mutating func usage(_ usage: Usage)

  mutating func finish(_ reason: FinishReason)
}

extension ProviderEventSink {
  package mutating func keep(_ block: [UInt8]) {}
  package mutating func toolCall(index: Int, id: String, name: String, signature: String?) {}
  package mutating func toolArguments(_ utf8: UnsafeRawBufferPointer, index: Int) {}
}
