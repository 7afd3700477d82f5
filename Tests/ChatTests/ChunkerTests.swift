import Chat
import TestSupport
import Testing

/// A chunker with its log, and what it let out.
private struct Gathering {
  var chunker: Chunker
  var log = TurnLog()

  init(_ mode: Chunking.Mode, bytes: Int = 8, delay: Int = 100) {
    chunker = Chunker(Chunking(mode, bytes: bytes, delay: delay))
  }

  mutating func say(_ text: String, at now: Int = 0) {
    withDelta(text) { chunker.append($0, at: now, to: &log) }
  }

  mutating func wait(until now: Int) { chunker.timePassed(at: now, to: &log) }

  mutating func end() { chunker.releaseAll(to: &log) }

  /// The text of each chunk.
  func chunks() throws -> [String] {
    guard log.sealed > 0 else { return [] }
    return try (1...log.sealed).map {
      String(decoding: try Event.list(log.events(of: $0)).text(of: "text"), as: UTF8.self)
    }
  }
}

@Suite struct ChunkerTests {
  @Test func theFirstTextGoesAtTheFirstBoundaryOfItsMode() throws {
    var interval = Gathering(.interval, bytes: 4_096)
    interval.say("Hello")
    #expect(try interval.chunks() == ["Hell"])
    var words = Gathering(.words, bytes: 4_096)
    words.say("Hel")
    words.say("lo")
    #expect(try words.chunks() == [])
    words.say(" wor")
    #expect(try words.chunks() == ["Hello "])
    var sentences = Gathering(.sentences, bytes: 4_096)
    sentences.say("It is 3.14, about. So")
    #expect(try sentences.chunks() == ["It is 3.14, about."])
  }

  @Test func textGathersUntilThereIsEnough() throws {
    var interval = Gathering(.interval)
    for character in "0123456789abcdefghijklm" { interval.say(String(character)) }
    #expect(try interval.chunks() == ["0", "1234567", "89abcde", "fghijkl"])
    #expect(interval.chunker.count == 1)
    var words = Gathering(.words)
    for word in ["One ", "two ", "three", " four", " five", " six"] { words.say(word) }
    #expect(try words.chunks() == ["One ", "two ", "three ", "four ", "five "])
  }

  @Test(arguments: [
    (Chunking.Mode.words, "Ein Wort,\u{A0}und\nnoch eins", ["Ein ", "Wort,\u{A0}und\n", "noch ", "eins"]),
    (.words, "你好，世界。再见", ["你", "好，", "世界", "。再", "见"]),
    (.sentences, "Ja! “Nein?” Oh… 1. x\nEnde", ["Ja!", " “Nein?”", " Oh…", " 1.", " x\n", "Ende"]),
    (.sentences, "你好。「世界！」再见？！好", ["你好。", "「世界！」", "再见？！", "好"]),
    (.sentences, "„So.“ (Gut.) **Fett.** v1.2.3 is out", ["„So.“", " (Gut.)", " **Fett.**", " v1.2.3 is out"]),
  ])
  func boundariesAreThoseThatAReaderSees(mode: Chunking.Mode, text: String, chunks: [String]) throws {
    var gathering = Gathering(mode, bytes: mode == .words ? 8 : 1)
    for scalar in text.unicodeScalars { gathering.say(String(scalar)) }
    gathering.end()
    #expect(try gathering.chunks() == chunks)
  }

  @Test func withoutABoundaryTheSizeIsExceededButNotByMuch() throws {
    var words = Gathering(.words)
    words.say("a ")
    for _ in 0..<1_000 { words.say("x") }
    #expect(try words.chunks().map(\.utf8.count) == [2, 255, 255, 255])
    var sentences = Gathering(.sentences, bytes: 100)
    sentences.say("Go. ")
    for _ in 0..<200 { sentences.say("word ") }
    #expect(try sentences.chunks().prefix(3).map(\.utf8.count) == [3, 396, 395])
  }

  @Test func theLongestDelayTakesTheBestBoundaryThatIsNotOverdue() throws {
    var words = Gathering(.words, bytes: 100)
    words.say("One t", at: 0)
    words.say("wo thr", at: 60)
    #expect(words.chunker.due == 100)
    words.wait(until: 99)
    #expect(try words.chunks() == ["One "])
    words.wait(until: 100)
    #expect(try words.chunks() == ["One ", "two "])
    #expect(words.chunker.due == 160)
    words.wait(until: 160)
    #expect(try words.chunks() == ["One ", "two ", "thr"])
    #expect(words.chunker.due == nil)
  }

  @Test func aSentenceThatGoesOnIsCutBehindAWordWhenTheDelayIsOver() throws {
    var sentences = Gathering(.sentences, bytes: 4_096)
    sentences.say("The quick", at: 0)
    sentences.say(" brown fo", at: 90)
    sentences.wait(until: 100)
    #expect(try sentences.chunks() == ["The quick brown "])
  }

  @Test(arguments: [
    ("a👩\u{200D}", "👧!"), ("a🇩", "🇪!"), ("aक\u{94D}", "ष!"), ("a\r", "\n!"), ("a\u{1100}", "\u{1161}!"),
    ("a🏴\u{E0067}\u{E0062}", "\u{E007F}!"),
  ])
  func aClusterThatPlainlyGoesOnIsHeldPastTheDelay(text: String, rest: String) throws {
    var gathering = Gathering(.interval, bytes: 4_096)
    gathering.say("-", at: 0)
    gathering.say(text, at: 0)
    gathering.wait(until: 100)
    #expect(try gathering.chunks().joined() == "-a")
    #expect(gathering.chunker.due == nil)
    gathering.say(rest, at: 200)
    #expect(gathering.chunker.due == 100)
    gathering.wait(until: 200)
    #expect(try gathering.chunks().joined() + "!" == "-" + text + rest)
    #expect(try gathering.chunks().count == 2)
  }

  @Test func aClusterWithoutEndIsCut() throws {
    var gathering = Gathering(.words, bytes: 1)
    for _ in 0..<3_000 { gathering.say("\u{301}") }
    #expect(gathering.chunker.count < 2_048)
    #expect(try !gathering.chunks().isEmpty)
  }

  @Test func anEndReleasesWhatIsHeldAndNothingTwice() throws {
    var gathering = Gathering(.sentences)
    gathering.end()
    gathering.say("Half a 🇩")
    gathering.end()
    gathering.end()
    #expect(try gathering.chunks() == ["Half a 🇩"])
    #expect(gathering.chunker.count == 0)
    #expect(gathering.chunker.due == nil)
  }

  // MARK: any text, cut anywhere

  private static let words: [String] = [
    "a", "the ", "fox. ", "Is it?! ", "3.14", "\"Yes.\" ", "\r\n", "\n\n", "  ", "e\u{301}\u{323}", "o\u{308}", "👩‍👩‍👧‍👦",
    "👍🏽",
    "🇩🇪", "🇫🇷🇯🇵", "क्षत्रिय ", "हिन्दी। ", "தமிழ் ", "한국어 ", "각", "สวัสดี", "你好。", "「世界」",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\\\"", "<&>", "\u{200B}", "\u{A0}", "…", "supercalifragilisticexpialidocious", "\t", "1\u{FE0F}\u{20E3}", "ก็",
  ]

  /// Random text cut between random scalars, with the time at which each delta comes.
  private static func script(_ random: inout SplitMix) -> [(delta: String, at: Int)] {
    var deltas: [(String, Int)] = []
    var now = 5_000
    var delta = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 1...400, using: &random) {
      for scalar in (words.randomElement(using: &random) ?? "").unicodeScalars {
        delta.append(scalar)
        guard Int.random(in: 0..<6, using: &random) == 0 else { continue }
        deltas.append((String(delta), now))
        delta = String.UnicodeScalarView()
        now += Int.random(in: 0...40, using: &random)
      }
    }
    return deltas + [(String(delta), now)]
  }

  @Test(arguments: [Chunking.Mode.interval, .words, .sentences], 0..<60)
  func anyTextComesWholeInWholeClustersInTimeAndInSize(mode: Chunking.Mode, seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let bytes = [1, 16, 128, 4_096][Int(seed) % 4]
    let delay = 200
    var gathering = Gathering(mode, bytes: bytes, delay: delay)
    var said = ""
    // The clusters as they stood when they were let out without what followed them.
    var forced: Set<Int> = []
    for (delta, now) in Self.script(&random) {
      if let due = gathering.chunker.due, due <= now {
        gathering.wait(until: due)
        #expect(gathering.chunker.due ?? .max > due)
        if gathering.chunker.count == 0 { forced.insert(said.utf8.count) }
      }
      if gathering.chunker.count > 0 { #expect(gathering.chunker.due ?? now > now - 40) }
      gathering.say(delta, at: now)
      said += delta
      #expect(gathering.chunker.count < max(4 * bytes, 256) + 64)
    }
    gathering.end()
    let chunks = try gathering.chunks()
    #expect(Array(chunks.joined().utf8) == Array(said.utf8))
    #expect(chunks.allSatisfy { $0.utf8.count < max(4 * bytes, 256) + 512 })
    var places: Set<Int> = [0]
    var place = 0
    for character in said {
      place += character.utf8.count
      places.insert(place)
    }
    var border = 0
    for chunk in chunks {
      border += chunk.utf8.count
      #expect(places.contains(border) || forced.contains(border), "cut within a cluster at \(border)")
    }
  }

  @Test(arguments: [Chunking.Mode.interval, .words, .sentences])
  func whatComesInOnePieceIsCutIntoChunks(mode: Chunking.Mode) throws {
    var gathering = Gathering(mode, bytes: 128)
    let text = String(repeating: "Quite a long sentence, \"as they say\". ", count: 1_000)
    gathering.say(text)
    gathering.end()
    let chunks = try gathering.chunks()
    #expect(chunks.joined() == text)
    #expect(chunks.count > 60)
    #expect(chunks.allSatisfy { $0.utf8.count <= 1_100 })
  }

  @Test func controlCharactersStayWithinTheLimitOfAChunk() throws {
    var gathering = Gathering(.words, bytes: 4_096)
    gathering.say("x " + String(repeating: "\u{1}", count: 20_000))
    gathering.end()
    #expect(try gathering.chunks().joined().utf8.count == 20_002)
    for chunk in 1...gathering.log.sealed { #expect(gathering.log.events(of: chunk).count < TurnLog.chunkLimit) }
  }
}
