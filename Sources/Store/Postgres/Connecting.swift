import Dispatch
import EventLoop

/// One attempt to connect, driven by the loop. Loop only. Calls `done` once, unless it was cancelled.
final class Connecting: ReadinessHandler, TimerHandler {
  typealias Done = (Result<Session, StoreError>) -> Void

  private let loop: EventLoop
  private let session: Session
  private var socket: WatchedSocket?
  private var timer: TimerID?
  private var done: Done?

  /// Resolves the host's name away from the loops, because getaddrinfo blocks, and calls back on `loop`.
  /// (libpq resolves further names of a list of hosts while polling: such a list is better given by `hostaddr`.)
  static func resolve(
    conninfo: String, applicationName: String, loop: EventLoop, _ resolved: @escaping @Sendable (Session?) -> Void
  ) {
    resolver.async {
      let session = Session(conninfo: conninfo, applicationName: applicationName)
      loop.submit { resolved(session) }
    }
  }

  private static let resolver = DispatchQueue(label: "sluice.store.resolver", attributes: .concurrent)

  init(_ session: Session, loop: EventLoop, done: @escaping Done) {
    self.session = session
    self.loop = loop
    self.done = done
  }

  /// To be called once. `timeout` in milliseconds.
  func begin(timeout: Int) {
    timer = loop.schedule(afterMilliseconds: timeout, handler: self)
    // A fresh connection counts as waiting to write (PQconnectPoll's manual page).
    wait(for: .write)
  }

  /// Gives up without a word.
  func cancel() {
    done = nil
    release()
  }

  func ready(_ readiness: Readiness, descriptor: Int32) {
    // The socket may be another one after each step, even under the same number.
    socket?.end()
    socket = nil
    switch session.poll() {
    case .reading: wait(for: .read)
    case .writing: wait(for: .write)
    case .established: finish(.success(session))
    case .failed(let error): finish(.failure(error))
    }
  }

  func timerFired(_ token: Int) {
    timer = nil
    finish(.failure(StoreError(.unavailable, cause: "no connection in time")))
  }

  private func wait(for interest: Readiness) {
    guard session.socket >= 0 else { return finish(.failure(session.failure(.unavailable))) }
    do throws(SystemError) {
      socket = try WatchedSocket(duplicating: session.socket, loop: loop, for: interest, handler: self)
    } catch {
      finish(.failure(StoreError(.unavailable, cause: error.description)))
    }
  }

  private func finish(_ result: Result<Session, StoreError>) {
    release()
    let done = self.done
    self.done = nil
    done?(result)
  }

  private func release() {
    socket?.end()
    socket = nil
    if let timer { loop.cancel(timer) }
    timer = nil
  }
}
