import ArgumentParser
import EventLoop
import Glibc
import Logging
import Service
import Synchronization

/// `sluice serve`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve chat behind nginx until SIGTERM.",
    discussion: """
      SIGTERM drains: no new turns, live ones go on up to drain_timeout, then end as `interrupted`. A second SIGTERM \
      or SIGINT skips the waits. SIGHUP reads configuration and key file anew: keys with a * then hold at \
      once, the others need a restart.

      \(ConfigurationOptions.keys)
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let signals = Signals([SIGTERM, SIGINT, SIGHUP])
    let configuration: Configuration
    let settings: ServiceSettings
    do {
      configuration = try options.load()
      settings = try configuration.service(version: Sluice.version)
      let (level, format) = try configuration.logging()
      LineLogHandler.level = level
      LoggingSystem.bootstrap { LineLogHandler(label: $0, format: format) }
    } catch let error as Configuration.Invalid {
      throw failure("sluice: \(error.description)", status: 78)  // EX_CONFIG of sysexits.h
    }
    let log = Logger(label: "sluice")
    DescriptorLimit.raise()
    // One for each loop, and one for all else.
    MemoryArenas.limit(to: settings.loops + 1)
    do {
      let service = try Service(settings: settings, log: log)
      let supervisor = Supervisor(of: service)
      try await service.start()
      supervisor?.ready()
      await serve(service, configuration, signals, supervisor, log)
    } catch {
      log.error("cannot start", metadata: ["reason": "\(error)"])
      throw ExitCode(1)
    }
  }

  /// Until the service has drained and stopped.
  private func serve(
    _ service: Service, _ configuration: Configuration, _ signals: Signals, _ supervisor: Supervisor?, _ log: Logger
  ) async {
    let hurried = Hurry()
    let drained = AsyncStream.makeStream(of: Void.self)
    let (file, set, numbers) = (options.config, options.set, signals.stream)
    let watch = Task {
      var draining = false
      var configuration = configuration
      for await number in numbers {
        if number == SIGHUP {
          func reload() {
            Self.reload(service, &configuration, log) { try Configuration(file: file, settings: set) }
          }
          if let supervisor { supervisor.reload(reload) } else { reload() }
        } else if draining {
          hurried.set()
        } else {
          draining = true
          supervisor?.stopping()
          // Ctrl-C is somebody waiting at a terminal.
          if number == SIGINT { hurried.set() }
          drained.continuation.finish()
        }
      }
    }
    for await _ in drained.stream {}
    await service.drain { hurried.isSet }
    supervisor?.silence()
    await service.stop()
    watch.cancel()
  }

  /// All or nothing: a configuration that is refused changes nothing.
  private static func reload(
    _ service: Service, _ present: inout Configuration, _ log: Logger, load: () throws -> Configuration
  ) {
    do {
      let fresh = try load()
      let (settings, logging) = (try fresh.service(version: Sluice.version), try fresh.logging())
      service.reload(settings)
      LineLogHandler.level = logging.level
      let changes = fresh.differences(from: present)
      let stale = changes.filter { !$0.isReloadable }
      if !stale.isEmpty {
        log.warning(
          "changes that need a restart", metadata: ["keys": "\(stale.map(\.rawValue).joined(separator: ", "))"])
      }
      // What needs a restart still differs from what runs: the next SIGHUP is to say so again.
      present = fresh.keeping(stale, of: present)
      let changed = changes.filter(\.isReloadable).map(\.rawValue)
      log.info(
        "configuration and key file read anew",
        metadata: [
          "signing": "\(settings.keys.signing)", "verifying": "\(settings.keys.verifying.joined(separator: ","))",
          "changed": "\(changed.isEmpty ? "none" : changed.joined(separator: ","))",
        ])
    } catch {
      log.error("configuration not read; the former one stays", metadata: ["reason": "\(error)"])
    }
  }
}

/// Set by the signal that asks a drain to skip its waits.
final class Hurry: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}

/// Writes a message to standard error; the result ends the program with `status` and without usage lines.
func failure(_ message: String, status: Int32) -> ExitCode {
  let line = Array("\(message)\n".utf8)
  _ = write(STDERR_FILENO, line, line.count)
  return ExitCode(status)
}
