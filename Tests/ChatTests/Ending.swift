import Chat

/// A way a turn stops streaming.
struct Ending: Sendable, CustomStringConvertible {
  let description: String
  let input: @Sendable (inout Turn) -> Turn.Effects
  /// What a turn that reported nothing before ends with.
  let terminal: Terminal
  let closesUpstream: Bool

  static let all = [
    Ending(
      description: "ended", input: { $0.upstreamEnded() },
      terminal: Terminal(state: .done, finishReason: .stop), closesUpstream: false),
    Ending(
      description: "failed", input: { $0.upstreamFailed(failure) },
      terminal: Terminal(state: .error, error: failure), closesUpstream: true),
    Ending(
      description: "cancelled", input: { $0.cancel() },
      terminal: Terminal(state: .cancelled), closesUpstream: true),
    Ending(
      description: "interrupted", input: { $0.interrupt() },
      terminal: Terminal(state: .interrupted), closesUpstream: true),
  ]

  private static let failure = TurnError(code: "upstream_error", message: "The model failed.", retryable: true)
}
