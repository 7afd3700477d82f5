import Chat

/// Text as a model gives it, gathered into chunks.
enum Chunks: FuzzTarget {
  static let name = "chunks"

  static let words = [
    ". ", "\r\n", "\u{200D}", "🇩", "🇪", "\u{94D}", "क", "\u{301}", "。", "」", "“", "\u{FE0F}", "\u{1100}", "\u{E007F}",
    " ",
  ]

  static func seeds() -> [[UInt8]] {
    [
      "It is 3.14. \"Really?\" (Yes!)\r\n\r\nOn it goes…", "你好。「世界！」再见", "👩‍👩‍👧‍👦 🇩🇪🇫🇷 👍🏽 1️⃣ e\u{301}\u{323}",
      "क्षत्रिय हिन्दी। தமிழ்", "สวัสดีครับ ผม", "한국어 \u{1100}\u{1161}\u{11A8}", "\u{1}\u{2}\"\\\n\t\u{7F}",
      String(repeating: "word ", count: 400), String(repeating: "x", count: 2_000),
    ].map { Array($0.utf8) }
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    // PostgreSQL cannot hold NUL: a log holds another character for it.
    let text = String(decoding: input.map { $0 == 0 ? 1 : $0 }, as: UTF8.self)
    var places: Set<Int> = [0]
    var place = 0
    var longest = 0
    for character in text {
      place += character.utf8.count
      places.insert(place)
      longest = max(longest, character.utf8.count)
    }
    for mode in [Chunking.Mode.interval, .words, .sentences] {
      for cut in Cut.allCases {
        let chunks = try gather(text, Chunking(mode, bytes: 1 + input.count % 200), cut)
        try hold(chunks.flatMap { $0 } == Array(text.utf8), "\(mode), cut \(cut): another text")
        var border = 0
        for chunk in chunks {
          border += chunk.count
          // A cluster without end is cut.
          try hold(places.contains(border) || longest >= 1_024, "\(mode), cut \(cut): within a cluster at \(border)")
        }
      }
    }
  }

  /// The text of each chunk.
  private static func gather(_ text: String, _ chunking: Chunking, _ cut: Cut) throws(Violation) -> [[UInt8]] {
    var chunker = Chunker(chunking)
    var log = TurnLog()
    var delta: [UInt8] = []
    let bytes = Array(text.utf8)
    var place = 0
    for piece in cut.pieces(of: bytes) {
      delta += piece
      place += piece.count
      // A delta is whole UTF-8.
      if place < bytes.count, bytes[place] & 0xC0 == 0x80 { continue }
      withExactCopy(of: delta) { chunker.append($0, at: 0, to: &log) }
      delta = []
      try hold(chunker.count < max(4 * chunking.bytes, 256) + 1_024, "it holds \(chunker.count) bytes")
    }
    chunker.releaseAll(to: &log)
    try hold(chunker.count == 0, "it keeps \(chunker.count) bytes")
    var chunks: [[UInt8]] = []
    for chunk in 0..<log.sealed {
      // Read back as a reader has it: the log alone up to there.
      let events = Array(log.events(of: chunk + 1))
      try hold(events.count < TurnLog.chunkLimit, "a chunk of \(events.count) bytes")
      var alone = TurnLog()
      alone.append(committed: events)
      chunks.append(alone.answer)
    }
    return chunks
  }
}
