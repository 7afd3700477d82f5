import Chat
import Providers

/// All that a decoder said about an answer.
struct Transcript: ProviderEventSink, Equatable {
  enum Event: Equatable {
    case text(String)
    case reasoning(String)
    case usage(Usage)
    case finish(FinishReason)
    case failure(ProviderError.Code)
  }

  private(set) var events: [Event] = []

  /// Feeds `pieces` one by one, then the end of the body.
  init(of driver: some ProviderDriver, streaming: Bool, _ pieces: some Sequence<ArraySlice<UInt8>>) {
    var decoder = driver.decoder(streaming: streaming)
    do throws(ProviderError) {
      for piece in pieces { try feed(piece, to: &decoder) }
      try decoder.finish(to: &self)
    } catch {
      events.append(.failure(error.code))
    }
  }

  private mutating func feed(_ piece: ArraySlice<UInt8>, to decoder: inout any ProviderDecoder) throws(ProviderError) {
    // A fresh copy, so that a decoder that keeps a pointer into its input reads freed memory.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: piece)
    try decoder.feed(UnsafeRawBufferPointer(copy), to: &self)
    copy.initializeMemory(as: UInt8.self, repeating: 0x58)
  }

  mutating func text(_ utf8: UnsafeRawBufferPointer) {
    events.append(String(validating: utf8, as: UTF8.self).map { .text($0) } ?? .text("not UTF-8"))
  }
  mutating func reasoning(_ utf8: UnsafeRawBufferPointer) {
    events.append(String(validating: utf8, as: UTF8.self).map { .reasoning($0) } ?? .text("not UTF-8"))
  }
  mutating func usage(_ usage: Usage) { events.append(.usage(usage)) }
  mutating func finish(_ reason: FinishReason) { events.append(.finish(reason)) }
}
