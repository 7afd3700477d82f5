import Glibc

/// One accepted connection, used by the thread of its script. Nothing here waits longer than 20 s.
final class ServedConnection {
  private var descriptor: Int32
  private var received: [UInt8] = []

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Head and body of the next request; nil when the client has closed.
  func request() -> String? {
    while true {
      let text = String(decoding: received, as: UTF8.self)
      if let blank = text.range(of: "\r\n\r\n") {
        let length =
          text[..<blank.lowerBound].split(separator: "\r\n").lazy
          .first { $0.lowercased().hasPrefix("content-length:") }
          .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
        let total = text[..<blank.upperBound].utf8.count + length
        if received.count >= total {
          defer { received.removeFirst(total) }
          return String(decoding: received[..<total], as: UTF8.self)
        }
      }
      guard let more = read() else { return nil }
      received += more
    }
  }

  /// The next `count` bytes; nil if the client closes before.
  func take(_ count: Int) -> [UInt8]? {
    while received.count < count {
      guard let more = read() else { return nil }
      received += more
    }
    defer { received.removeFirst(count) }
    return Array(received[..<count])
  }

  /// Passes bytes to and fro between the client and `port` until one of them closes.
  func relay(to port: UInt16) {
    let other = ScriptedServer.dial(port: port)
    defer { Glibc.close(other) }
    var ends = [descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var ready = pollfd(fd: other, events: Int16(POLLOUT), revents: 0)
    guard poll(&ready, 1, 20_000) > 0 else { return }
    _ = fcntl(other, F_SETFL, 0)  // it was begun without blocking
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while poll(&ends, 2, 20_000) > 0 {
      for (from, to) in [(0, 1), (1, 0)] where ends[from].revents != 0 {
        let count = recv(ends[from].fd, &buffer, buffer.count, 0)
        if count <= 0 || Glibc.send(ends[to].fd, buffer, count, flags) != count { return }
      }
    }
  }

  private func read() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// All of `bytes`; false if the client has gone.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, flags) }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  private var flags: Int32 { Int32(MSG_NOSIGNAL) }

  /// As much of `bytes` as the kernel takes now; nil once it has taken none for a while.
  func offer(_ bytes: ArraySlice<UInt8>) -> Int? {
    var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard Glibc.poll(&poll, 1, 300) > 0 else { return nil }
    return max(
      0,
      bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags | Int32(MSG_DONTWAIT)) })
  }

  /// A chunk of the chunked coding; the empty one ends the body.
  func chunk(_ text: String) { chunk(Array(text.utf8)) }

  func chunk(_ bytes: [UInt8]) { send(Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [0x0D, 0x0A]) }

  static let chunkedHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

  /// A whole response.
  func respond(_ body: String, status: String = "200 OK", headers: String = "") {
    send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
  }

  /// Waits until the client closes; false if it does not.
  func closedByClient() -> Bool {
    var byte: UInt8 = 0
    while true {
      let count = recv(descriptor, &byte, 1, 0)
      if count == 0 || count < 0 && errno == ECONNRESET { return true }
      if count < 0 { return false }
    }
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes by RST.
  func reset() {
    var abrupt = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abrupt, socklen_t(MemoryLayout<linger>.size))
    close()
  }
}

extension String {
  /// The first place of `text`; nil if there is none.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    let (all, wanted) = (utf8, text.utf8)
    var index = all.startIndex
    while index < all.endIndex {
      if all[index...].starts(with: wanted) { return index..<all.index(index, offsetBy: wanted.count) }
      index = all.index(after: index)
    }
    return nil
  }
}
