import ArgumentParser
import Service

/// `sluice check`
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check configuration, keys, database and schema without serving.",
    discussion: """
      Prints a line for each thing that is well and ends with 0 if all is; the first that is not goes to standard error.

      \(ConfigurationOptions.keys)
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    do {
      let configuration = try options.load()
      _ = try configuration.logging()
      let settings = try configuration.service(version: Sluice.version)
      print("ok    configuration")
      print("ok    key_file: `\(settings.keys.keys[0].name)` signs, \(settings.keys.keys.count) verify")
      for line in try await Checkup(settings: settings).run() { print(line) }
    } catch let error as Configuration.Invalid {
      throw failure("FAIL  \(error.description)", status: 78)
    } catch let error as Checkup.Fault {
      throw failure("FAIL  \(error.description)", status: 1)
    }
  }
}
