import Chat
import Logging
import Providers
import Store
import Upstream

/// What the log says when a turn's provider fails it: always one line of one form, with the model and the route that an
/// operator would look at.
struct UpstreamLog: Sendable {
  private let log: Logger
  private let turn: ID
  private let model: String
  private var route: ID?
  /// Scheme, name and port; nil before it is known.
  private var host: String?

  init(_ log: Logger, turn: ID, plan: StartStore.Plan) {
    self.log = log
    self.turn = turn
    model = plan.model
  }

  /// The same for one route.
  func asking(_ route: StartStore.Route, at url: String? = nil) -> UpstreamLog {
    var log = self
    log.route = route.id
    log.host = url.flatMap { UpstreamRequest.host(of: $0) }
    return log
  }

  /// The transfer broke. `request`: the provider's name for it, if it answered at all.
  func failed(_ error: TransferError, request: String?) {
    var metadata = metadata(code: error.turnError.code, cause: error.code.rawValue, request)
    // libcurl's words: hosts and files, never headers or bodies.
    if !error.cause.isEmpty { metadata["detail"] = "\(error.cause)" }
    log.warning("upstream failed", metadata: metadata)
  }

  /// The provider refused, or what it said was no answer.
  func failed(_ error: ProviderError, request: String?) {
    let cause = error.status.map { "http_\($0)" } ?? "answer"
    log.warning("upstream failed", metadata: metadata(code: error.code.rawValue, cause: cause, request))
    // The provider's own words may quote the conversation.
    log.debug("what the provider said", metadata: ["turn": "\(turn)", "cause": "\(error.cause)"])
  }

  /// The provider could not even be asked: model, route or credential are amiss. The cause is ours and says which.
  func cannotAsk(_ error: ProviderError) {
    log.error("upstream failed", metadata: metadata(code: error.code.rawValue, cause: error.cause, nil))
  }

  private func metadata(code: String, cause: String, _ request: String?) -> Logger.Metadata {
    var metadata: Logger.Metadata = [
      "turn": "\(turn)", "code": "\(code)", "cause": "\(cause)", "model": "\(model)",
    ]
    if let route { metadata["route"] = "\(route)" }
    if let host { metadata["host"] = "\(host)" }
    if let request { metadata["provider_request"] = "\(request)" }
    return metadata
  }
}
