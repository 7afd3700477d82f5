import Glibc

/// A program that a test runs. It inherits no descriptors but those it is given: a connection of another test that it held
/// too would not end when that test closes it.
package final class ChildProcess: Sendable {
  private let pid: pid_t

  /// `descriptors` become 3, 4 and so on; standard input comes from `input`, standard output goes to `output`, or nowhere.
  package init(
    _ arguments: [String], environment: [String] = [], descriptors: [Int32] = [], input: Int32? = nil,
    output: Int32? = nil
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, input ?? 2, 0)
    posix_spawn_file_actions_adddup2(&actions, output ?? 2, 1)
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

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    package init(description: String) { self.description = description }
  }

  /// Waits for its end; throws unless it went well.
  package func wait() throws {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw Failure(description: "it ended with status \(status)") }
  }

  /// Ends it and waits until it is gone.
  package func end() {
    kill(pid, SIGTERM)
    try? wait()
  }

  /// Runs `arguments` to the end.
  package static func run(_ arguments: [String]) throws { try ChildProcess(arguments).wait() }

  /// Runs a command of the shell to its end; what it printed, at most 4 KiB of it.
  @discardableResult
  package static func shell(_ command: String) throws -> String {
    let pipe = try Pipe()
    defer { close(pipe.reading) }
    let process: ChildProcess
    do {
      defer { close(pipe.writing) }
      process = try ChildProcess(["sh", "-c", command], output: pipe.writing)
    }
    try process.wait()
    var output = [UInt8](repeating: 0, count: 4_096)
    _ = fcntl(pipe.reading, F_SETFL, O_NONBLOCK)  // a server that the command started may hold the other end
    let count = read(pipe.reading, &output, output.count)
    return String(decoding: output.prefix(max(count, 0)), as: UTF8.self)
  }
}

/// Both ends of a pipe.
package struct Pipe {
  package let reading: Int32
  package let writing: Int32

  package init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ChildProcess.Failure(description: "no pipe") }
    (reading, writing) = (ends[0], ends[1])
  }
}
