import Chat
import FrontDoor
import Store

extension StartStore.Allowance {
  /// What is left, under the names that clients of OpenAI's API know (platform.openai.com/docs/guides/rate-limits); none
  /// where no limit counts. `origin`: the allowed origin whose pages are to read them.
  func headers(for origin: String?) -> [(String, String)] {
    let headers = Self.headers("requests", requests) + Self.headers("tokens", tokens)
    guard origin != nil, !headers.isEmpty else { return headers }
    return headers + [("Access-Control-Expose-Headers", headers.map(\.0).joined(separator: ", "))]
  }

  private static func headers(_ kind: String, _ item: Item?) -> [(String, String)] {
    guard let item else { return [] }
    return [
      ("x-ratelimit-limit-\(kind)", String(item.limit)), ("x-ratelimit-remaining-\(kind)", String(item.remaining)),
      ("x-ratelimit-reset-\(kind)", duration(item.reset)),
    ]
  }

  /// As in `1h2m0s`.
  private static func duration(_ seconds: Int) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60)
    let ofHour = seconds >= 60 ? "\(minutes)m\(seconds % 60)s" : "\(seconds)s"
    return hours > 0 ? "\(hours)h\(ofHour)" : ofHour
  }

  /// Once a start of so many estimated tokens has taken its share.
  func taken(tokens count: Int) -> StartStore.Allowance {
    StartStore.Allowance(requests: requests?.taken(1), tokens: tokens?.taken(count))
  }
}

extension StartStore.Allowance.Item {
  fileprivate func taken(_ count: Int) -> Self {
    Self(limit: limit, remaining: max(0, remaining - count), reset: reset)
  }
}

/// An answer that says what is left of limits as well.
struct AllowedForm: AnswerForm {
  let form: any AnswerForm
  let headers: [(String, String)]

  var hold: Int { form.hold }

  func answer(_ facts: LiveTurn.Facts, _ terminal: Terminal, _ log: TurnLog, origin: String?) -> Response {
    form.answer(facts, terminal, log, origin: origin).adding(headers: headers)
  }

  func stillRunning(_ facts: LiveTurn.Facts, origin: String?) -> Response {
    form.stillRunning(facts, origin: origin).adding(headers: headers)
  }
}
