/// A format that comes from outside, and what must hold for the code that reads it, whatever comes.
///
/// Not only that it survives: the input cut anywhere is read as the input in one piece, what is written is read back, a
/// second and slow reading of ours agrees. The tests run it on damaged seeds, `make fuzz` on what libFuzzer makes up.
protocol FuzzTarget: SendableMetatype {
  /// What `TARGET=` calls it, and the folder of its inputs in `Regressions`.
  static var name: String { get }

  /// Inputs to begin with: ordinary ones and each special case that the code knows.
  static func seeds() throws -> [[UInt8]]

  /// Words of the format, to be put where chance would not put them.
  static var words: [String] { get }

  /// Throws what did not hold. A trap and what a sanitizer finds end the process.
  static func check(_ input: [UInt8]) throws(Violation)
}

/// What did not hold.
struct Violation: Error, CustomStringConvertible {
  let description: String
}

func hold(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws(Violation) {
  if !condition { throw Violation(description: otherwise()) }
}

/// Every target.
enum FuzzTargets {
  static let all: [any FuzzTarget.Type] = [
    FastCGIInput.self, SCGIInput.self, EventStreams.self, ProviderAnswers.self, CompressedBodies.self, JSONTexts.self,
    ChatStarts.self, Completions.self, Cursors.self, Tokens.self, WebTokens.self, NginxConfigurations.self, Chunks.self,
  ]

  static func named(_ name: String) -> (any FuzzTarget.Type)? { all.first { $0.name == name } }
}
