import CZlib
import NIOCore

/// One gzip stream being written (RFC 1952), on zlib.
final class Gzip {
  /// Why there is no more output.
  struct Failure: Error, Equatable {
    /// zlib's return code.
    let code: Int32
  }

  /// 15 bits of window, and 16 for gzip's header and trailer instead of zlib's.
  private static let windowBits: Int32 = 15 + 16

  private var stream = z_stream()

  init() throws(Failure) {
    let code = deflateInit2_(
      &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, Self.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw Failure(code: code) }
  }

  deinit { deflateEnd(&stream) }

  /// `bytes` compressed, flushed to a byte boundary: the receiver can inflate all of them at once.
  func compress(_ bytes: ByteBuffer) throws(Failure) -> ByteBuffer { try deflate(bytes, Z_SYNC_FLUSH) }

  /// The end of the stream and its check sum.
  func finish() throws(Failure) -> ByteBuffer { try deflate(ByteBuffer(), Z_FINISH) }

  private func deflate(_ bytes: ByteBuffer, _ flush: Int32) throws(Failure) -> ByteBuffer {
    var output = ByteBuffer()
    var code = Z_OK
    bytes.withUnsafeReadableBytes { input in
      // zlib reads through this pointer and never writes.
      stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(input.count)
      repeat {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: 1024) { free in
          stream.next_out = free.bindMemory(to: UInt8.self).baseAddress
          stream.avail_out = UInt32(free.count)
          code = CZlib.deflate(&stream, flush)
          return free.count - Int(stream.avail_out)
        }
        // A full buffer may leave output behind; one with room left never does.
      } while stream.avail_out == 0 && code == Z_OK
    }
    stream.next_in = nil
    stream.next_out = nil
    // Nothing to do is no failure: the former call may just have filled its buffer.
    guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw Failure(code: code) }
    return output
  }
}
