import Chat
import EventLoop
import FrontDoor
import Store

/// The log of a turn that has ended, read page by page for one stream: no more than a page is in memory.
// Sendable is unchecked because all mutable state is confined to the stream's loop.
final class StoredLog: @unchecked Sendable {
  private typealias Page = ArraySlice<(sequence: Int, events: [UInt8])>

  private enum State {
    /// Nothing was said; the first page, if it was read before.
    case fresh(Page)
    case reading(Page)
    /// → reading, failed
    case loading
    /// The next chunk cannot be read, now or for ever: the reader comes again, and finds out.
    case failed
    /// The log is gone, but for the whole text in one piece.
    case compacted(PollReply)
  }

  private let facts: LiveTurn.Facts
  private let row: TurnStore.Row
  private let terminal: Terminal
  private let finder: TurnFinder
  private var state: State

  /// `first`: the chunks behind the reader's cursor, if they were read already.
  init(
    _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, finder: TurnFinder,
    first: [(sequence: Int, events: [UInt8])] = []
  ) {
    (self.facts, self.row, self.terminal, self.finder) = (facts, row, terminal, finder)
    state = .fresh(first[...])
  }

  /// `compacted`: what a poll would get.
  init(
    _ facts: LiveTurn.Facts, _ row: TurnStore.Row, _ terminal: Terminal, finder: TurnFinder, compacted: PollReply
  ) {
    (self.facts, self.row, self.terminal, self.finder) = (facts, row, terminal, finder)
    state = .compacted(compacted)
  }

  /// As `LiveTurn.feed`. `proceed` is called on the loop when the next page is there.
  func feed(
    _ reader: inout StreamReader, limit: Int, to bytes: inout [UInt8], on loop: EventLoop,
    proceed: @escaping @Sendable () -> Void
  ) -> StreamStep {
    switch state {
    case .compacted(let reply):
      let begin = Cursor(epoch: row.epoch, offset: 0)
      guard reader.form.reset(begin, to: &bytes) else { return .broken }
      reader.form.end(reply.events, reply.cursor, terminal, message: reply.message, to: &bytes)
      return .ended
    case .fresh(let page):
      if reader.cursor.epoch != row.epoch || reader.cursor.offset > row.chunks ?? 0 {
        reader.cursor = Cursor(epoch: row.epoch, offset: 0)
        guard reader.form.reset(reader.cursor, to: &bytes) else { return .broken }
      }
      if page.isEmpty {
        load(after: reader.cursor, on: loop, proceed)
        return .waits
      }
      state = .reading(page)
      return .more
    case .loading: return .waits
    case .failed:
      reader.form.leave(to: &bytes)
      return .broken
    case .reading(var page):
      state = .loading
      let isEnd = say(&page, &reader, limit: limit, to: &bytes)
      if isEnd { return .ended }
      if page.isEmpty {
        load(after: reader.cursor, on: loop, proceed)
        return .waits
      }
      state = .reading(page)
      return .more
    }
  }

  /// True if the terminal chunk was among them.
  private func say(_ page: inout Page, _ reader: inout StreamReader, limit: Int, to bytes: inout [UInt8]) -> Bool {
    let begin = bytes.count
    while let chunk = page.first, bytes.count - begin < limit {
      page.removeFirst()
      reader.cursor.offset = chunk.sequence
      if chunk.sequence == row.chunks {
        let message = row.answered ? facts.message : nil
        reader.form.end(chunk.events[...], reader.cursor, terminal, message: message, to: &bytes)
        return true
      }
      reader.form.chunk(chunk.events[...], reader.cursor, to: &bytes)
    }
    return false
  }

  private func load(after cursor: Cursor, on loop: EventLoop, _ proceed: @escaping @Sendable () -> Void) {
    state = .loading
    Task { [self] in
      let page = (try? await finder.page(of: facts.id, after: cursor)) ?? []
      loop.submit { [self] in
        state = page.first?.sequence == cursor.offset + 1 ? .reading(page[...]) : .failed
        proceed()
      }
    }
  }
}
