/// One thing that `sluice check` looked at.
package struct Finding: Sendable, Equatable {
  package enum Level: String, Sendable { case ok, warn, fail }

  package let level: Level
  /// What was looked at, in a word.
  package let subject: String
  /// What was found. Never holds a secret.
  package let text: String
  /// The command or setting that mends it; nil if nothing is amiss.
  package let mend: String?

  package static func ok(_ subject: String, _ text: String) -> Finding {
    Finding(level: .ok, subject: subject, text: text, mend: nil)
  }

  package static func warn(_ subject: String, _ text: String, mend: String) -> Finding {
    Finding(level: .warn, subject: subject, text: text, mend: mend)
  }

  package static func fail(_ subject: String, _ text: String, mend: String) -> Finding {
    Finding(level: .fail, subject: subject, text: text, mend: mend)
  }
}
