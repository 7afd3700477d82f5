import ArgumentParser
import Glibc
import Service

/// `sluice check`
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check configuration, machine and database, or nginx's configuration, without serving.",
    discussion: """
      Prints a line for each thing it looks at: `ok`, `warn` or `FAIL`, and under what is amiss how to mend it.
      Ends with 0 if nothing failed, 1 if something did, 78 if the configuration cannot be used.

        runuser -u sluice -- sluice check --config /etc/sluice/sluice.conf
        sluice check --config /etc/sluice/sluice.conf --nginx         what `nginx -T` prints; as root
        sudo nginx -T | sluice check --config … --nginx -             the same, without being root

      \(ConfigurationOptions.keys)
      """)

  @OptionGroup var options: ConfigurationOptions

  @Flag(help: "Check nginx's configuration instead: what concerns Sluice in it.")
  var nginx = false

  @Argument(help: "With --nginx: a file, or - for standard input (default: what `nginx -T` prints).")
  var file: String?

  @Flag(help: "Warnings fail, too.")
  var strict = false

  @Flag(help: "Print the findings as one JSON object.")
  var json = false

  func validate() throws {
    if file != nil, !nginx { throw ValidationError("A file is for --nginx; the program's own is given by --config.") }
  }

  func run() async throws {
    let settings: ServiceSettings
    do {
      let configuration = try options.load()
      _ = try configuration.logging()
      settings = try configuration.service(version: Sluice.version)
    } catch let error as Configuration.Invalid {
      show([.fail("configuration", error.description, mend: "`sluice check --help` lists all keys and what they take")])
      throw ExitCode(78)  // EX_CONFIG of sysexits.h
    }
    let own = Finding.ok("configuration", options.config ?? "from environment and flags")
    let report = show([own] + (nginx ? nginxFindings(settings) : await Checkup(settings: settings).run()))
    if report.level == .fail || strict && report.level == .warn { throw ExitCode(1) }
  }

  private func nginxFindings(_ settings: ServiceSettings) -> [Finding] {
    do {
      return NginxCheckup(settings: settings).run(try NginxSource(argument: file).read())
    } catch {
      return [.fail("nginx", error.description, mend: error.mend)]
    }
  }

  @discardableResult
  private func show(_ findings: [Finding]) -> CheckupReport {
    let report = CheckupReport(findings)
    print(json ? report.json : report.lines.joined(separator: "\n"))
    return report
  }
}
