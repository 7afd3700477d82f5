/// How a turn's text is gathered into chunks.
package struct Chunking: Sendable, Equatable {
  package enum Mode: String, Sendable, CaseIterable {
    /// As it arrives.
    case immediate
    /// Until there is enough of it.
    case interval
    /// Likewise, up to the end of a word.
    case words
    /// Likewise, up to the end of a sentence.
    case sentences
  }

  package let mode: Mode
  /// Bytes of text that are enough.
  package let bytes: Int
  /// Milliseconds that text waits at most.
  package let delay: Int

  package init(_ mode: Mode, bytes: Int = 128, delay: Int = 250) {
    self.mode = mode
    self.bytes = bytes
    self.delay = delay
  }

  package static let immediate = Chunking(.immediate)
}
