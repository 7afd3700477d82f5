/// The text kind `nasty`: every spelling, character and look-alike that breaks relays, over and over; the seed says
/// where it begins. A run of ``count`` tokens holds each of them once.
struct Trouble: Sendable {
  private let tokens: [Token]
  private var index: Int

  /// - Parameter withNul: adds U+0000, legal in JSON but refused by many a text store (kind `nul`).
  init(seed: UInt64, withNul: Bool) {
    tokens = withNul ? Self.nul + Self.tokens : Self.tokens
    index = Int(seed % UInt64(tokens.count))
  }

  /// How many tokens one round of `nasty` has.
  static var count: Int { tokens.count }

  /// The next token; after the last comes the first.
  mutating func next() -> Token {
    defer { index = (index + 1) % tokens.count }
    return tokens[index]
  }

  private static let nul = [Token("nul:\u{0}:nul")]

  private static let both = [
    " 😀",  // outside the basic plane: a surrogate pair when escaped
    "👩🏽‍🚀",  // skin tone, then a zero-width joiner
    "👨‍👩‍👧‍👦", "🇨🇭", "🏴󠁧󠁢󠁳󠁣󠁴󠁿",  // tag characters
    " שלום עולם", " مرحبًا", "\u{202E}over\u{202C}",  // right to left, and an override
    " 漢字", " ñ", " n\u{303}",  // the same letter composed and decomposed
    "\u{2028}", "\u{2029}", "\u{85}",  // line ends for some, not for SSE and not for JSON
    "\u{FEFF}", "\u{FFFD}", "\u{FFFF}", "\u{10FFFF}", "\u{E000}", "\u{AD}",
  ]

  private static let tokens: [Token] =
    both.map { Token($0) } + both.map { Token($0, spelling: .ascii) } + [
      // A cluster split over deltas: each delta is valid alone, only together they are one character.
      Token("👨"), Token("\u{200D}"), Token("💻"), Token("e"), Token("\u{301}"),
      Token("\""), Token("\\"), Token("\\\\\" \\u0041 \\n"), Token("/", spelling: .ascii),
      Token("\u{1}\u{8}\u{C}\u{1B}\u{1F}\u{7F}"), Token("\t"), Token("\r"), Token("\n"), Token("\r\n\r\n"),
      // What looks like the protocol around it.
      Token("data: [DONE]\n\ndata: {\"error\":{}}\n\n"), Token("event: end\nid: 1.57\n: ping\n"),
      Token("</script><!-- <![CDATA[ ]]> &amp; %00 %s ${x} {{x}}"), Token("'; select 1; --"),
      Token(""),  // an empty delta in mid-stream
      // Longer than a 16 KB chunk, and no cut at a multiple of 2, 4 or 1024 falls between characters.
      Token("x" + String(repeating: "é€😀", count: 4_500)),
    ]
}
