/// Where text that is still coming may be cut, found scalar by scalar (UAX #29 for clusters; words and sentences as far
/// as one sees without a dictionary). Pure. Offsets count bytes from the first that was not dropped.
///
/// A boundary is one only when a scalar follows it: before that nobody knows what joins the last cluster.
struct TextBoundaries: Sendable {
  /// A boundary, and when the byte behind it came. Offset 0: there is none.
  struct Mark: Sendable {
    var offset = 0
    var time = 0

    fileprivate mutating func drop(_ bytes: Int) {
      self = offset > bytes ? Mark(offset: offset - bytes, time: time) : Mark()
    }
  }

  /// A cluster of more bytes is cut between two scalars: nobody writes such, and what waits must have a bound.
  static let longestCluster = 1_024

  /// The last boundary of each kind.
  private(set) var cluster = Mark()
  private(set) var word = Mark()
  private(set) var sentence = Mark()

  private enum Sentence {
    case goesOn
    /// A full stop or the like, which ends it if a space follows: there is `3.14`.
    case mayEnd
    /// A full stop of a script that writes no spaces.
    case ends
  }

  private var count = 0
  private var clusters = Unicode._CharacterRecognizer()
  private var sentenceState = Sentence.goesOn
  /// Of the cluster that may still grow.
  private var first = Unicode.Scalar(0 as UInt8)
  private var last = Unicode.Scalar(0 as UInt8)
  private var isSingle = false

  mutating func take(_ scalar: Unicode.Scalar, width: Int, at time: Int) {
    if clusters.hasBreak(before: scalar) || count - cluster.offset >= Self.longestCluster {
      let mark = Mark(offset: count, time: time)
      cluster = mark
      if TextClass.endsWord(first) { word = mark }
      if endsSentence(before: scalar) { sentence = mark }
      first = scalar
      isSingle = true
    } else {
      isSingle = false
    }
    last = scalar
    count += width
  }

  private mutating func endsSentence(before next: Unicode.Scalar) -> Bool {
    if TextClass.isLineEnd(first) {
      sentenceState = .goesOn
      return true
    }
    if TextClass.isStop(first) {
      sentenceState = .mayEnd
    } else if TextClass.isWideStop(first) {
      sentenceState = .ends
    } else if !(sentenceState != .goesOn && TextClass.isCloser(first)) {
      sentenceState = .goesOn
    }
    switch sentenceState {
    case .goesOn: return false
    // The end of a line goes with the sentence.
    case .mayEnd: return TextClass.isSpace(next) && !TextClass.isLineEnd(next)
    case .ends: return !TextClass.isCloser(next) && !TextClass.isWideStop(next) && !TextClass.isLineEnd(next)
    }
  }

  /// The last cluster plainly wants more: half a flag, a joiner, a virama, a carriage return.
  var isUnfinished: Bool {
    switch last.value {
    case 0x0D, 0x200D: true
    case 0x1F1E6...0x1F1FF: isSingle
    // Tags, which a cancel tag ends; leading consonants of Hangul.
    case 0xE0020...0xE007E, 0x1100...0x115F, 0xA960...0xA97C: true
    case 0..<0x900: false
    default: last.properties.canonicalCombiningClass == .virama
    }
  }

  /// The first bytes are gone.
  mutating func drop(_ bytes: Int) {
    count -= bytes
    cluster.drop(bytes)
    word.drop(bytes)
    sentence.drop(bytes)
  }
}
