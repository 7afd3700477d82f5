import Glibc

/// A program that a test runs. It inherits no descriptors but those it is given.
final class ChildProcess: Sendable {
  private let pid: pid_t

  /// `descriptors` become 3, 4 and so on; standard output goes to `output`, or nowhere.
  init(_ arguments: [String], environment: [String] = [], descriptors: [Int32] = [], output: Int32? = nil) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
    if let output {
      posix_spawn_file_actions_adddup2(&actions, output, 1)
    } else {
      posix_spawn_file_actions_adddup2(&actions, 0, 1)
    }
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    // First out of each other's way, then to their places.
    for (index, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(1_000 + index))
    }
    for index in descriptors.indices {
      posix_spawn_file_actions_adddup2(&actions, Int32(1_000 + index), Int32(3 + index))
    }
    try Self.closeFrom(&actions, Int32(3 + descriptors.count))
    var arguments = arguments.map { strdup($0) } + [nil]
    var environment = (environment + ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]).map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    // The mask of a thread of Dispatch blocks all signals, and would be inherited.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    guard let program = arguments[0] else { throw Failure(description: "no memory") }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, program, &actions, &attributes, &arguments, &environment)
    guard code == 0 else { throw Failure(description: "cannot run it: \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  /// glibc's `posix_spawn_file_actions_addclosefrom_np`, which Swift's module leaves out.
  private static func closeFrom(_ actions: inout posix_spawn_file_actions_t, _ first: Int32) throws {
    typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
      throw Failure(description: "glibc 2.34 or newer is needed")
    }
    _ = unsafeBitCast(symbol, to: Function.self)(&actions, first)
  }

  struct Failure: Error, CustomStringConvertible { let description: String }

  /// Waits for its end; throws unless it went well.
  func wait() throws {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw Failure(description: "it ended with status \(status)") }
  }

  /// Ends it and waits until it is gone.
  func end() {
    kill(pid, SIGTERM)
    try? wait()
  }

  /// Runs `arguments` to the end.
  static func run(_ arguments: [String]) throws { try ChildProcess(arguments).wait() }
}
