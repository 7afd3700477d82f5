import Dispatch
import Glibc
import Synchronization

/// Where the handler writes; -1 before `install`. Atomic because handlers run on any thread.
private let signalPipe = Atomic<Int32>(-1)

/// Only what a signal handler may do: one write of one byte.
private func forward(_ number: Int32) {
  let saved = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(signalPipe.load(ordering: .relaxed), &byte, 1)
  errno = saved
}

/// Signals as a stream, for the program to act on in its own time.
struct Signals {
  let stream: AsyncStream<Int32>
  private let source: any DispatchSourceRead

  /// To be called first of all, before libfcgi takes what is left at its default. SIGPIPE is ignored from here on.
  init(_ numbers: [Int32]) {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    signalPipe.store(ends[1], ordering: .relaxed)
    signal(SIGPIPE, SIG_IGN)
    for number in numbers {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = forward
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
    let reading = ends[0]
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(64))
    let source = DispatchSource.makeReadSource(fileDescriptor: reading)
    source.setEventHandler {
      var byte: UInt8 = 0
      while read(reading, &byte, 1) == 1 { continuation.yield(Int32(byte)) }
    }
    source.activate()
    self.stream = stream
    self.source = source
  }
}
