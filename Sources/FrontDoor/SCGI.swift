internal import Glibc

/// SCGI as a pure codec: bytes to a request, a reply to bytes. One for each loop; to be used on one thread at a time.
///
/// It keeps nothing between two calls but its scratch memory.
final class SCGI {
  private var output = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  /// Bytes of output memory kept between two replies, and the least that is allocated.
  private static let keptOutput = 256 * 1024
  private static let leastOutput = 64 * 1024

  deinit { free(output.baseAddress) }

  /// A request as `scan` found it; without what comes after its variables it has no body. Nil if its variables are
  /// malformed, or name no method or path.
  func decode(_ bytes: borrowing Span<UInt8>, _ scan: NetstringScan) -> Request? {
    bytes.withUnsafeBufferPointer { bytes in
      guard let environment = Self.environment(UnsafeBufferPointer(rebasing: bytes[scan.variables])) else { return nil }
      return environment.request(body: Array(bytes.dropFirst(scan.body)))
    }
  }

  /// The reply as CGI writes it (RFC 3875, section 6), valid until the next call; nil if memory is short.
  func encode(_ response: Response) -> UnsafeRawBufferPointer? {
    let head = response.head.bytes
    guard response.head.allowsBody else { return reserve(head.count) ? filled { $0.put(head) } : nil }
    guard reserve(head.count + ContentLength.maxCount + response.body.count) else { return nil }
    return filled { filling in
      filling.put(head)
      ContentLength.withText(of: response.body.count) { filling.put($0) }
      filling.put(response.body)
    }
  }

  /// Nil unless all are whole and `SCGI` is 1. Of a variable that comes twice the first counts.
  private static func environment(_ variables: UnsafeBufferPointer<UInt8>) -> Environment? {
    guard variables.last == 0 else { return nil }
    var environment = Environment()
    var hasVersion = false
    var next = variables.startIndex
    while next < variables.endIndex {
      guard let name = text(in: variables, from: next), !name.isEmpty,
        let value = text(in: variables, from: next + name.count + 1)
      else { return nil }
      if !hasVersion, name.elementsEqual("SCGI".utf8) {
        guard value.elementsEqual("1".utf8) else { return nil }
        hasVersion = true
      }
      environment.note(name: name, value: value)
      next += name.count + value.count + 2
    }
    return hasVersion ? environment : nil
  }

  /// What stands from `start` to the next NUL; nil if there is none.
  private static func text(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> UnsafeBufferPointer<UInt8>? {
    guard start < bytes.count, let base = bytes.baseAddress,
      let end = memchr(base + start, 0, bytes.count - start)
    else { return nil }
    return UnsafeBufferPointer(start: base + start, count: UnsafeRawPointer(end) - UnsafeRawPointer(base + start))
  }

  // MARK: output

  /// False if memory is short.
  private func reserve(_ count: Int) -> Bool {
    if count <= output.count, output.count <= Self.keptOutput { return true }
    free(output.baseAddress)
    let capacity = max(count, Self.leastOutput)
    guard let memory = malloc(capacity) else {
      output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      return false
    }
    output = UnsafeMutableRawBufferPointer(start: memory, count: capacity)
    return true
  }

  private func filled(_ fill: (inout Filling) -> Void) -> UnsafeRawBufferPointer {
    var filling = Filling(memory: output)
    fill(&filling)
    return UnsafeRawBufferPointer(rebasing: output[..<filling.count])
  }

  /// Memory that has been reserved for all that is put.
  private struct Filling {
    let memory: UnsafeMutableRawBufferPointer
    var count = 0

    mutating func put(_ bytes: some Collection<UInt8>) {
      UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyBytes(from: bytes)
      count += bytes.count
    }
  }
}
