import CZlib
import NIOCore
import Testing

@testable import sluice_sim

@Suite struct GzipTests {
  /// What has come out of a gzip stream so far.
  private final class Inflater {
    private var stream = z_stream()
    private(set) var output = ByteBuffer()
    /// zlib's last return code.
    private(set) var code = Z_OK

    init() {
      code = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    }

    deinit { inflateEnd(&stream) }

    func add(_ bytes: ByteBuffer) {
      bytes.withUnsafeReadableBytes { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        repeat {
          output.writeWithUnsafeMutableBytes(minimumWritableBytes: 65_536) { free in
            stream.next_out = free.bindMemory(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(free.count)
            code = inflate(&stream, Z_NO_FLUSH)
            return free.count - Int(stream.avail_out)
          }
        } while code == Z_OK && stream.avail_out == 0
      }
    }
  }

  private static func writes(_ cues: [Cue]) -> [ByteBuffer] {
    cues.compactMap { if case .write(let bytes, _) = $0.action { bytes } else { nil } }
  }

  @Test(arguments: [true, false]) func eachWriteInflatesAtOnceToWhatItWouldBePlain(stream: Bool) throws {
    let scenario = "x;tokens=40;text=nasty;line=200000"
    let plain = try ScriptTests.cues(scenario, stream: stream)
    let cues = try ScriptTests.cues(scenario + ";gzip=1", stream: stream)
    guard case .head(let head) = cues.first?.action else {
      Issue.record("no head")
      return
    }
    #expect(head.isGzipped)
    #expect(head.length == nil)
    let inflater = Inflater()
    var expected = ByteBuffer()
    for (bytes, same) in zip(Self.writes(cues), Self.writes(plain)) {
      inflater.add(bytes)
      expected.writeImmutableBuffer(same)
      #expect(inflater.output == expected)
      #expect(inflater.code == Z_OK)
    }
    #expect(Self.writes(cues).count == Self.writes(plain).count + 1)
    inflater.add(try #require(Self.writes(cues).last))
    #expect(inflater.code == Z_STREAM_END)
    #expect(inflater.output == expected)
    #expect(cues.last?.action == .end(.completed))
    #expect(ScriptTests.tokens(cues) == 40)
  }

  @Test(arguments: [("headers", 0), ("0", 1), ("3", 4)]) func aBrokenStreamIsWholeUpToItsPlace(
    place: String, events: Int
  ) throws {
    let cues = try ScriptTests.cues("x;tokens=9;fault=gzip;after=\(place)")
    let inflater = Inflater()
    for bytes in Self.writes(cues) where inflater.code == Z_OK { inflater.add(bytes) }
    #expect(inflater.code == Z_DATA_ERROR)
    #expect(String(buffer: inflater.output).split(separator: "\n\n").count == events)
    #expect(cues.last?.action == .end(.fault))
  }

  @Test func aCutStreamHasNoTrailer() throws {
    let inflater = Inflater()
    for bytes in Self.writes(try ScriptTests.cues("x;gzip=1;fault=cut;after=3")) { inflater.add(bytes) }
    #expect(inflater.code == Z_OK)
    #expect(String(buffer: inflater.output).split(separator: "\n\n").count == 4)
  }

  @Test func splittingCutsTheCompressedBytes() throws {
    let inflater = Inflater()
    let cues = try ScriptTests.cues("x;tokens=9;gzip=1;split=1")
    for bytes in Self.writes(cues) {
      #expect(bytes.readableBytes == 1)
      inflater.add(bytes)
    }
    #expect(inflater.code == Z_STREAM_END)
    #expect(String(buffer: inflater.output) == ScriptTests.body(try ScriptTests.cues("x;tokens=9")))
  }
}
