import Chat
import EventLoop
import Providers
import Store
import Upstream
import Wire

/// One attempt: feeds a turn from one transfer, bytes → driver → state machine. One lock per delta; effects once per
/// callback.
// Sendable is unchecked because all mutable state is confined to the transfer's loop.
final class TurnRunner: TransferSink, @unchecked Sendable {
  /// What clients see of the model's reasoning.
  enum Reasoning: String { case hidden, progress, full }

  /// Bytes of an error's body that are kept for the log.
  private static let errorBodyLimit = 16 * 1024

  private let course: TurnCourse
  private let visit: RouteBook.Visit
  private let attempt: Int
  private let turn: LiveTurn
  private let driver: any ProviderDriver
  private var decoder: any ProviderDecoder
  private let reasoning: Reasoning
  private let calls: CalledTools
  private let log: UpstreamLog
  private let meters: Meters
  /// The transfer's loop's, known from the first body on.
  private var lane: Lane?
  /// When text last came.
  private var lastText: Instant?
  private var head: ResponseHead?
  private var errorBody: [UInt8] = []
  private var isThinking = false
  /// Whether the model has said anything yet, shown or not: an empty first delta is no token.
  private var hasBegun: Bool
  /// Whether a client may have seen content.
  private var hasShown = false
  /// Failed: what the transfer still says does not count.
  private var isOver = false

  init(
    course: TurnCourse, visit: RouteBook.Visit, driver: any ProviderDriver, attempt: Int, log: UpstreamLog,
    meters: Meters
  ) {
    self.course = course
    self.visit = visit
    self.attempt = attempt
    turn = course.turn
    self.driver = driver
    let streaming = course.plan.streams
    decoder = driver.decoder(streaming: streaming)
    // An answer in one piece says nothing before its end.
    hasBegun = !streaming
    reasoning = Reasoning(rawValue: course.plan.reasoning) ?? .hidden
    calls = CalledTools(offered: course.request.tools, granted: course.plan.tools)
    self.log = log
    self.meters = meters
  }

  private var isRefused: Bool { head.map { !(200...299).contains($0.status) } ?? false }

  func received(head: ResponseHead) {
    self.head = head
    if isOver { return }
    turn.record.headCame(request: head.requestID)
    guard !isRefused else { return }
    _ = turn.mutate {
      $0.requestTaken()
      return []
    }
  }

  func received(body: UnsafeRawBufferPointer) -> TransferFlow {
    if isOver { return .idle }
    if isRefused {
      errorBody.append(contentsOf: body.prefix(Self.errorBodyLimit - errorBody.count))
      // A body without end must not keep the turn: it is no data, and enough of it is enough.
      if errorBody.count == Self.errorBodyLimit { refuse() }
      return .idle
    }
    let effects = decode { (decoder, deltas) throws(ProviderError) in try decoder.feed(body, to: &deltas) }
    if effects.contains(.pauseUpstream) {
      meters.hit(turn.isShortOfTokens ? .reservedTokens : .uncommittedBytes)
      return .pause
    }
    return decoder.sawData && hasBegun ? .proceed : .idle
  }

  func finished(_ outcome: TransferOutcome) {
    turn.transfer.detach(attempt: attempt)
    if !isOver { conclude(outcome) }
    course.left(visit)
  }

  private func conclude(_ outcome: TransferOutcome) {
    switch outcome {
    case .complete where isRefused:
      refuse()
    case .complete:
      complete()
    case .failed where decoder.sawFinish:
      // The answer was whole; only the end mark is missing.
      complete()
    case .failed where isRefused:
      refuse()
    case .failed(let error):
      log.failed(error, request: head?.requestID)
      fail(AttemptFailure(error))
    case .cancelled:
      // By the turn itself, which then is past streaming; or by a shutdown, which interrupts it.
      turn.input { $0.interrupt() }
    }
  }

  private func refuse() {
    fail(
      errorBody.withUnsafeBytes {
        driver.failure(status: head?.status ?? 0, retryAfter: head?.retryAfter, body: $0)
      })
  }

  private func complete() {
    decode { (decoder, deltas) throws(ProviderError) in try decoder.finish(to: &deltas) }
  }

  private func fail(_ error: ProviderError) {
    log.failed(error, request: head?.requestID)
    fail(AttemptFailure(error))
  }

  private func fail(_ failure: AttemptFailure) {
    isOver = true
    if isThinking {
      var deltas = Deltas(turn: turn, reasoning: reasoning, calls: calls, isThinking: true)
      deltas.think(false)
      turn.perform(deltas.effects)
    }
    course.failed(visit, attempt: attempt, failure, shown: hasShown)
  }

  /// Runs one step of the decoder and performs the effects of all it found.
  @discardableResult
  private func decode(
    _ step: (inout any ProviderDecoder, inout Deltas) throws(ProviderError) -> Void
  ) -> Turn.Effects {
    var deltas = Deltas(turn: turn, reasoning: reasoning, calls: calls, isThinking: isThinking)
    var failure: ProviderError?
    do throws(ProviderError) { try step(&decoder, &deltas) } catch { failure = error }
    isThinking = deltas.isThinking
    hasBegun = hasBegun || deltas.hasBegun
    if !hasShown, deltas.hasShown {
      hasShown = true
      course.textCame(on: visit)
    }
    if deltas.texts > 0 { count(deltas) }
    if calls.isRefused {
      isOver = true
      deltas.effects.formUnion(turn.mutate { $0.upstreamFailed(.toolRefused) })
    } else if calls.isTooLong {
      isOver = true
      deltas.effects.formUnion(turn.mutate { $0.upstreamFailed(.toolCallTooLong) })
    }
    // The answer is whole: the turn ends now, whatever the provider does with the connection.
    if deltas.isWhole {
      // An answer without a word is an answer.
      if !hasShown { course.textCame(on: visit) }
      deltas.effects.formUnion(turn.mutate { $0.upstreamEnded() })
      // Nothing is left to be held back, and nobody would let it go on.
      deltas.effects.remove(.pauseUpstream)
    }
    turn.perform(deltas.effects)
    if let failure { fail(failure) }
    return deltas.effects
  }

  /// One clock reading and a few additions for all text that came in one piece: the first delta came after a gap, those
  /// behind it after none.
  private func count(_ deltas: Deltas) {
    let lane = lane ?? meters.lane
    self.lane = lane
    let now = Instant.now()
    if let lastText { meters.textGaps.observe(now.nanoseconds - lastText.nanoseconds, in: lane) }
    let others = deltas.texts - 1
    if others > 0 { meters.textGaps.observe(0, times: others, in: lane) }
    lastText = now
    meters.textDeltas.add(deltas.texts, in: lane)
    meters.textBytes.add(deltas.textBytes, in: lane)
  }

  /// Puts what the decoder finds into the turn and gathers the effects.
  private struct Deltas: ProviderEventSink {
    let turn: LiveTurn
    let reasoning: Reasoning
    let calls: CalledTools
    var isThinking: Bool
    var hasBegun = false
    /// Whether a client may have seen content.
    var hasShown = false
    var isWhole = false
    var effects: Turn.Effects = []
    /// What the turn took: how many pieces of text, of how many bytes.
    var texts = 0
    var textBytes = 0

    mutating func text(_ utf8: UnsafeRawBufferPointer) {
      hasBegun = true
      if isThinking { think(false) }
      guard !utf8.isEmpty, let effects = turn.append(text: utf8) else { return }
      hasShown = true
      self.effects.formUnion(effects)
      texts += 1
      textBytes += utf8.count
    }

    mutating func reasoning(_ utf8: UnsafeRawBufferPointer) {
      hasBegun = true
      switch reasoning {
      case .hidden: effects.formUnion(turn.mutate { $0.spend(unseen: utf8.count) })
      case .progress:
        if !isThinking { think(true) }
        effects.formUnion(turn.mutate { $0.spend(unseen: utf8.count) })
      case .full:
        hasShown = true
        effects.formUnion(turn.mutate { $0.appendReasoning(utf8) })
      }
    }

    mutating func toolCall(index: Int, id: String, name: String, signature: String?) {
      hasBegun = true
      if isThinking { think(false) }
      calls.begin(index, id: id, name: name)
    }

    mutating func toolArguments(_ utf8: UnsafeRawBufferPointer, index: Int) {
      hasBegun = true
      calls.add(utf8, to: index)
      effects.formUnion(turn.mutate { $0.spend(unseen: utf8.count) })
    }

    /// Calls are shown when all that the answer holds is there: until then another route may be asked.
    private mutating func showCalls() {
      for event in calls.events { effects.formUnion(turn.mutate { $0.append(event: event) }) }
    }

    mutating func usage(_ usage: Usage) {
      effects.formUnion(
        turn.mutate {
          $0.report(usage: usage)
          return []
        })
    }

    mutating func finish(_ reason: FinishReason) {
      if isThinking { think(false) }
      showCalls()
      isWhole = true
      effects.formUnion(
        turn.mutate {
          $0.report(finish: reason)
          return []
        })
    }

    mutating func think(_ begins: Bool) {
      isThinking = begins
      var writer = JSONWriter()
      writer.beginObject()
      writer.member("type", "progress")
      writer.member("id", "reasoning")
      writer.member("label", "Thinking")
      writer.member("status", begins ? "running" : "done")
      writer.endObject()
      let event = writer.bytes
      effects.formUnion(turn.mutate { $0.append(event: event) })
    }
  }
}

extension TransferError {
  /// What the turn's clients may see of it.
  var turnError: TurnError {
    switch code {
    case .refusedURL, .refusedHeader, .refusedAddress, .tlsFile:
      TurnError(code: "model_misconfigured", message: "The model is not available.", retryable: false)
    case .tooManyTransfers, .queueTimeout:
      TurnError(code: "overloaded", message: "Too much is going on just now.", retryable: true)
    case .resolve, .connect, .connectTimeout, .tls, .proxy:
      TurnError(code: "upstream_unreachable", message: "The model cannot be reached.", retryable: true)
    case .firstByteTimeout, .firstTokenTimeout, .idleTimeout, .totalTimeout:
      TurnError(code: "upstream_timeout", message: "The model has stopped answering.", retryable: true)
    case .reset, .truncated:
      TurnError(code: "upstream_truncated", message: "The model's answer broke off.", retryable: true)
    case .malformed:
      TurnError(code: "upstream_malformed", message: "The model's answer could not be read.", retryable: true)
    case .outOfMemory, .other:
      TurnError(code: "upstream_error", message: "The model failed.", retryable: true)
    }
  }
}
