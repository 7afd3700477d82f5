/// A request of the protocol, as nginx chooses a location for it.
enum NginxRequestKind: CaseIterable {
  case start, session, poll, events, cancel

  /// Below the mount.
  var path: String {
    switch self {
    case .start: "/chat/start"
    case .session: "/chat/session"
    case .poll: "/chat/01934fa2-7c3e-7001-8000-5d1c6f0a9b2e/poll"
    case .events: "/chat/01934fa2-7c3e-7001-8000-5d1c6f0a9b2e/events"
    case .cancel: "/chat/01934fa2-7c3e-7001-8000-5d1c6f0a9b2e/cancel"
    }
  }

  /// Whether it is about one turn, whose id is in the path.
  var isOfTurn: Bool {
    switch self {
    case .poll, .events, .cancel: true
    case .start, .session: false
    }
  }

  var title: String {
    switch self {
    case .start: "start"
    case .session: "session"
    case .poll: "poll"
    case .events: "events"
    case .cancel: "cancel"
    }
  }
}
