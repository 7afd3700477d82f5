import FrontDoor
import Store
import Wire

/// An answer that is an error: a status, a stable code, words for people.
struct Refusal: Error, Sendable {
  let status: Int
  let code: Code
  let message: String
  var retryable = false
  /// Seconds, for 429 and 503.
  var retryAfter: Int?
  /// What is left of limits.
  var allowance: StartStore.Allowance?
  /// A limit is reached that lasts for hours or days.
  var isQuota = false
  /// Which member of the request is at fault, where the client's protocol asks for that.
  var param: String?
  /// Further members of the body, beside `error`.
  var extra: (@Sendable (inout JSONWriter) -> Void)?

  init(
    _ status: Int, _ code: Code, _ message: String, retryable: Bool = false, retryAfter: Int? = nil,
    extra: (@Sendable (inout JSONWriter) -> Void)? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.retryable = retryable
    self.retryAfter = retryAfter
    self.extra = extra
  }

  static func malformed(_ message: String) -> Refusal { Refusal(400, .malformed, message) }

  /// The same, and which member of the request is at fault.
  func at(_ param: String) -> Refusal {
    var refusal = self
    refusal.param = refusal.param ?? param
    return refusal
  }

  static let badToken = Refusal(401, .invalidToken, "The token is missing, forged or expired.")
  static let readOnly = Refusal(403, .readOnly, "This token may only read.")
  static let sessionRequired = Refusal(
    403, .sessionRequired, "A turn's token opens that turn alone: use a session token or a surface key.")
  static let originRefused = Refusal(403, .originRefused, "This origin may not use the surface.")
  static let surfaceDisabled = Refusal(403, .surfaceDisabled, "This surface is closed.")

  /// What the surface would have to be able to do; of several, any one would be enough.
  static func missing(_ any: Capabilities) -> Refusal {
    let names = any.names
    let message = "This surface does not have \(names.joined(separator: " or "))."
    return Refusal(403, .capabilityMissing, message) { $0.member("capability", names.first) }
  }

  /// For what is absent and for what belongs to somebody else: the same body as for an unknown path.
  static let notFound = Refusal(404, .notFound, "There is nothing here.")
  static let purged = Refusal(410, .purged, "This answer is no longer kept.")
  static let noModel = Refusal(422, .unknownModel, "There is no such model.")
  static let noMessage = Refusal(422, .unknownMessage, "`after` names no message of this conversation.")
  static let tooLong = Refusal(
    422, .contextTooLong, "The message is longer than the model's history limit allows.")
  static let overloaded = Refusal(
    503, .overloaded, "Too much is going on just now.", retryable: true, retryAfter: 2)
  static let tooManyStreams = Refusal(
    503, .tooManyStreams, "There are as many streams as may be: poll instead.", retryable: true, retryAfter: 5)
  static let draining = Refusal(
    503, .draining, "This node is shutting down; another one will answer.", retryable: true, retryAfter: 1)
  static let unavailable = Refusal(
    503, .unavailable, "The service cannot reach its database.", retryable: true, retryAfter: 1)

  static let toolRefused = Refusal(403, .toolRefused, "A tool of the request may not be used.").at("tools")

  /// A limit is reached: which, and when there is room again.
  static func limited(_ limit: StartStore.Limit) -> Refusal {
    var refusal = Refusal(
      429, .limitReached, "The limit of \(limit.rule.rawValue) is reached.", retryable: !limit.lasts,
      retryAfter: max(1, limit.seconds)
    ) { writer in
      writer.key("limit")
      writer.beginObject()
      writer.member("rule", limit.rule.rawValue)
      writer.member("subject", limit.subject)
      writer.endObject()
    }
    refusal.allowance = limit.allowance
    refusal.isQuota = limit.lasts
    return refusal
  }

  static let noTools = Refusal(400, .unsupportedParameter, "This model knows no tools.").at("tools")

  static let linkRefused = Refusal(403, .linkRefused, "These two cannot be one person.")
  static let identityBusy = Refusal(
    409, .identityBusy, "An answer is still running: try again when it has ended.", retryable: true)
  static let invalidLinkCode = Refusal(422, .invalidLinkCode, "The code is mistyped, forged or expired.")

  /// The database did not do what was asked of it.
  init(_ error: StoreError) { self = error.code == .queueFull ? .overloaded : .unavailable }

  /// The conversation's live turn, with all it takes to read or cancel it.
  static func turnInProgress(_ pass: TurnPass, keys: KeyRing) -> Refusal {
    Refusal(
      409, .turnInProgress, "This conversation has a turn that is still running.", retryable: true
    ) { writer in
      pass.write(to: &writer, keys: keys)
    }
  }

  static func tooManyPolls(milliseconds: Int) -> Refusal {
    Refusal(
      429, .tooManyRequests, "Polls come faster than the server paces them.", retryable: true,
      retryAfter: (milliseconds + 999) / 1_000
    ) { writer in
      writer.member("poll_after_ms", milliseconds)
    }
  }

  static func tooManyRequests(milliseconds: Int) -> Refusal {
    Refusal(
      429, .tooManyRequests, "Requests come faster than the server bears.", retryable: true,
      retryAfter: (milliseconds + 999) / 1_000)
  }

  /// `origin`: the allowed origin to name to the browser, if the request is cross-origin.
  func response(origin: String? = nil) -> Response {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("error")
    writer.beginObject()
    writer.member("code", code.rawValue)
    writer.member("message", message)
    writer.member("retryable", retryable)
    writer.endObject()
    extra?(&writer)
    writer.endObject()
    var headers = CrossOrigin.headers(for: origin)
    if let retryAfter { headers.append(("Retry-After", String(retryAfter))) }
    if let allowance { headers += allowance.headers(for: origin) }
    if status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
    return Response(status: status, headers: headers, body: writer.bytes)
  }
}
