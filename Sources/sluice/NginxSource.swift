import Glibc
import Service

/// Where `sluice check --nginx` reads from: `nginx -T`, a file or standard input.
struct NginxSource {
  /// Why there is nothing to read, and what helps.
  struct Unreadable: Error {
    let description: String
    let mend: String
  }

  private let argument: String?

  /// nil: what `nginx -T` prints; `-`: standard input.
  init(argument: String?) { self.argument = argument }

  func read() throws(Unreadable) -> NginxText {
    switch argument {
    case nil: return NginxText(bytes: try dump(), name: "nginx -T")
    case "-": return NginxText(bytes: try Self.read(STDIN_FILENO, "standard input"), name: "standard input")
    case let path?:
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw Unreadable(description: "\(path) cannot be read", mend: "name a readable file")
      }
      defer { close(descriptor) }
      return NginxText(bytes: try Self.read(descriptor, path), name: path)
    }
  }

  private static func read(_ descriptor: Int32, _ name: String) throws(Unreadable) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw Unreadable(description: "\(name) cannot be read", mend: "name a readable file")
      }
      bytes += buffer[..<count]
      guard bytes.count <= NginxText.maxSize else {
        throw Unreadable(
          description: "\(name) is larger than \(NginxText.maxSize) bytes", mend: "name nginx's configuration")
      }
    }
  }

  // MARK: nginx -T

  /// Its standard output; its errors go where ours go.
  private func dump() throws(Unreadable) -> [UInt8] {
    let helps = "run it as root, or `sudo nginx -T | sluice check … --nginx -`"
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Unreadable(description: "no pipe for nginx -T", mend: helps) }
    defer { close(ends[0]) }
    // What it gets is duplicated to its standard output; neither end may stay open in it beside that.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let child = Self.spawn(output: ends[1])
    close(ends[1])
    guard let child else { throw Unreadable(description: "nginx is not installed here", mend: helps) }
    // A child that we no longer read is ended by SIGPIPE.
    let result = Result { () throws(Unreadable) in try Self.read(ends[0], "nginx -T") }
    if case .failure = result { kill(child, SIGKILL) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    let bytes = try result.get()
    guard status == 0 else { throw Unreadable(description: "nginx -T refuses its configuration", mend: helps) }
    return bytes
  }

  /// From PATH, or from where Debian keeps it, which is no part of a plain user's PATH.
  private static func spawn(output: Int32) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    for program in ["nginx", "/usr/sbin/nginx"] {
      let words: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup("-T"), strdup("-q"), nil]
      defer { for word in words { free(word) } }
      var child: pid_t = 0
      if posix_spawnp(&child, program, &actions, nil, words, environ) == 0 { return child }
    }
    return nil
  }
}
