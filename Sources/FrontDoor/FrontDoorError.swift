package import EventLoop

/// Why the front door cannot be opened. The program refuses to start and prints it.
package struct FrontDoorError: Error, CustomStringConvertible, Sendable {
  package enum Code: Sendable {
    /// libfcgi does not use our memory port: it is linked statically, or another object defines OS_Read.
    case codec
    /// A listen address that cannot be read.
    case address
    /// Another process listens there, another listener of ours does, or the path is no socket.
    case occupied
    /// The process was not started with the listening socket that an address names.
    case inherited
    /// A unix socket's group is unknown, or not ours to give.
    case group
    /// The system refused; see `cause`.
    case system
  }

  package let code: Code
  package let description: String
  package let cause: SystemError?

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
    cause = nil
  }

  init(_ cause: SystemError, at place: String) {
    code = .system
    description = "cannot listen on \(place): \(cause)"
    self.cause = cause
  }
}
