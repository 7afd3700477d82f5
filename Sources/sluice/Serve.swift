import ArgumentParser
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
      or SIGINT skips the waits. SIGHUP reads the key file anew.

      \(ConfigurationOptions.keys)
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let signals = Signals([SIGTERM, SIGINT, SIGHUP])
    let settings: ServiceSettings
    do {
      let configuration = try options.load()
      settings = try configuration.service(version: Sluice.version)
      let (level, format) = try configuration.logging()
      LoggingSystem.bootstrap { LineLogHandler(label: $0, level: level, format: format) }
    } catch let error as Configuration.Invalid {
      throw failure("sluice: \(error.description)", status: 78)  // EX_CONFIG of sysexits.h
    }
    let log = Logger(label: "sluice")
    do {
      let service = try Service(settings: settings, log: log)
      let supervisor = Supervisor(of: service)
      try await service.start()
      supervisor?.ready()
      await serve(service, signals, supervisor, log)
    } catch {
      log.error("cannot start", metadata: ["reason": "\(error)"])
      throw ExitCode(1)
    }
  }

  /// Until the service has drained and stopped.
  private func serve(
    _ service: Service, _ signals: Signals, _ supervisor: Supervisor?, _ log: Logger
  ) async {
    let hurried = Hurry()
    let drained = AsyncStream.makeStream(of: Void.self)
    let (file, set, numbers) = (options.config, options.set, signals.stream)
    let watch = Task {
      var draining = false
      for await number in numbers {
        if number == SIGHUP {
          let reload = { Self.reload(service, log) { try Configuration(file: file, settings: set) } }
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

  private static func reload(_ service: Service, _ log: Logger, load: () throws -> Configuration) {
    do {
      service.replace(keys: try load().keys())
      log.info("key file read anew")
    } catch {
      log.error("key file not read; the former keys stay", metadata: ["reason": "\(error)"])
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
