import ArgumentParser

/// For what only shows once a command runs: the message on standard error, and the exit code of a usage error.
func misuse(_ message: String) -> ExitCode {
  failure("sluice: \(message)", status: ExitCode.validationFailure.rawValue)
}
