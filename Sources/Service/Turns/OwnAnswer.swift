import Chat
import EventLoop

/// An answer that no provider gives: a driver that asks nobody has said its text. It comes word by word, so that a
/// demonstration shows a stream.
// Sendable is unchecked because all mutable state is confined to the loop.
final class OwnAnswer: TimerHandler, @unchecked Sendable {
  /// Milliseconds from word to word.
  private static let pace = 40

  private let course: TurnCourse
  private let visit: RouteBook.Visit
  private let loop: EventLoop
  private var words: ArraySlice<String>
  private var hasSpoken = false
  /// While it speaks: a timer does not hold it.
  private var itself: OwnAnswer?

  init(_ text: String, of course: TurnCourse, on visit: RouteBook.Visit, streaming: Bool, loop: EventLoop) {
    self.course = course
    self.visit = visit
    self.loop = loop
    words = (streaming ? Self.words(of: text) : text.isEmpty ? [] : [text])[...]
  }

  func begin() {
    loop.execute { [self] in
      itself = self
      timerFired(0)
    }
  }

  func timerFired(_ token: Int) {
    let turn = course.turn
    guard turn.isStreaming, var word = words.popFirst() else {
      itself = nil
      course.left(visit)
      turn.input {
        $0.report(finish: .stop)
        return $0.upstreamEnded()
      }
      return
    }
    word.withUTF8 { utf8 in
      if let effects = turn.append(text: UnsafeRawBufferPointer(utf8)) { turn.perform(effects) }
    }
    if !hasSpoken {
      hasSpoken = true
      course.textCame(on: visit)
    }
    _ = loop.schedule(at: Instant.now().advanced(milliseconds: Self.pace), handler: self, token: 0)
  }

  /// Each word with the space that follows it.
  private static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = ""
    for character in text {
      if !character.isWhitespace, word.last?.isWhitespace == true {
        words.append(word)
        word = ""
      }
      word.append(character)
    }
    return word.isEmpty ? words : words + [word]
  }
}
