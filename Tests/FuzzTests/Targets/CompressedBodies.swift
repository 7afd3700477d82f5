import CZlib

@testable import Upstream

/// Responses that come compressed.
enum CompressedBodies: FuzzTarget {
  static let name = "coding"

  static let words: [String] = []

  private static let text = Array((0..<40).map { "data: word \($0) of some text\n\n" }.joined().utf8)

  static func seeds() -> [[UInt8]] {
    let gzip = deflated(text, window: MAX_WBITS + 16)
    return [
      gzip, deflated(text, window: MAX_WBITS), deflated(text, window: -MAX_WBITS),
      gzip + deflated([65], window: MAX_WBITS + 16),
      gzip + [0], Array(gzip.dropLast(4)), deflated([UInt8](repeating: 65, count: 300_000), window: MAX_WBITS + 16),
      text,
    ]
  }

  struct Outcome: Equatable {
    var made: [UInt8] = []
    var isWhole = false
    var isBroken = false
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    for coding in ["gzip", "deflate"] {
      let whole = try decode(input, coding, .nowhere, pausesEvery: nil)
      for cut in Cut.allCases {
        let pieces = try decode(input, coding, cut, pausesEvery: nil)
        try agree(pieces, whole, "\(coding), cut \(cut)")
        let paused = try decode(input, coding, cut, pausesEvery: 1 + input.count % 3)
        try agree(paused, whole, "\(coding), cut \(cut), with pauses")
      }
    }
    for (coding, window) in [("gzip", MAX_WBITS + 16), ("deflate", MAX_WBITS), ("deflate", -MAX_WBITS)] {
      let outcome = try decode(deflated(input, window: window), coding, .somewhere, pausesEvery: nil)
      try hold(outcome == Outcome(made: input, isWhole: true), "\(coding) is not read back")
    }
  }

  /// Of what breaks, more may have been made before that shows if it came in pieces.
  private static func agree(_ pieces: Outcome, _ whole: Outcome, _ how: String) throws(Violation) {
    try hold(pieces.isBroken == whole.isBroken, "\(how): broken \(pieces.isBroken), not \(whole.isBroken)")
    if whole.isBroken {
      try hold(pieces.made.starts(with: whole.made) || whole.made.starts(with: pieces.made), "\(how): other bytes")
    } else {
      try hold(pieces == whole, "\(how): \(pieces.made.count) bytes, not \(whole.made.count), or not as whole")
    }
  }

  private static func decode(
    _ input: [UInt8], _ coding: String, _ cut: Cut, pausesEvery: Int?
  ) throws(Violation) -> Outcome {
    guard let decoder = ContentDecoder(coding) else { throw Violation(description: "no decoder for \(coding)") }
    var outcome = Outcome()
    var longest = 0
    var calls = 0
    for piece in cut.pieces(of: input) {
      var pauses = 0
      feeding: while true {
        let step = withExactCopy(of: piece) { bytes in
          decoder.feed(bytes) { made in
            outcome.made += made
            longest = max(longest, made.count)
            calls += 1
            return pausesEvery.map { calls % $0 != 0 } ?? true
          }
        }
        switch step {
        case .all: break feeding
        case .held:
          pauses += 1
          // A pause has made something; nothing makes more than a thousandfold (zlib's technical notes).
          try hold(pauses <= piece.count + calls, "it pauses for ever")
        case .broken:
          outcome.isBroken = true
          return outcome
        }
      }
    }
    try hold(longest <= 16_384, "a piece of \(longest) bytes")
    outcome.isWhole = decoder.isWhole
    return outcome
  }

  private static func deflated(_ bytes: [UInt8], window: Int32) -> [UInt8] {
    var stream = z_stream()
    guard
      deflateInit2_(
        &stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
        == Z_OK
    else { return [] }
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        deflate(&stream, Z_FINISH)
      }
    }
    return Array(output.prefix(Int(stream.total_out)))
  }
}
