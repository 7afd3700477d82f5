import CZlib

/// Compresses as a server would, in one window of `zlib`.
final class Compressor {
  enum Format: Int32, CaseIterable {
    case gzip = 31
    case zlib = 15
    case bare = -15
  }

  private let stream: UnsafeMutablePointer<z_stream>

  init(_ format: Format = .gzip) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let code = deflateInit2_(
      stream, 9, Z_DEFLATED, format.rawValue, 8, Z_DEFAULT_STRATEGY, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
    precondition(code == Z_OK, "no zlib")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// All that `bytes` become, flushed so that the receiver can make them whole again; with `end` also the trailer.
  func compress(_ bytes: [UInt8], end: Bool = false) -> [UInt8] {
    var input = bytes
    var output: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    input.withUnsafeMutableBufferPointer { input in
      stream.pointee.next_in = input.baseAddress
      stream.pointee.avail_in = UInt32(input.count)
      repeat {
        let made = piece.withUnsafeMutableBufferPointer { piece in
          stream.pointee.next_out = piece.baseAddress
          stream.pointee.avail_out = UInt32(piece.count)
          deflate(stream, end ? Z_FINISH : Z_SYNC_FLUSH)
          return piece.count - Int(stream.pointee.avail_out)
        }
        output += piece[..<made]
      } while stream.pointee.avail_out == 0
    }
    return output
  }

  static func whole(_ text: String, _ format: Format = .gzip) -> [UInt8] {
    Compressor(format).compress(Array(text.utf8), end: true)
  }
}
