/// Another node's live turn as this node reads it from committed rows: chunks in order, then the terminal. Pure.
package struct TurnMirror: Sendable {
  package private(set) var log: TurnLog
  package private(set) var terminal: Terminal?

  package init(epoch: Int) { log = TurnLog(epoch: epoch) }

  /// How many chunks readers may see: all that were read, for only committed rows are.
  package var head: Int { log.watermark }

  /// Appends the next chunk. False, and nothing happens, if `sequence` is not the one that follows: it was read
  /// before, or rows before it are missing.
  package mutating func append(sequence: Int, events: [UInt8]) -> Bool {
    guard sequence == log.sealed + 1 else { return false }
    log.append(committed: events)
    return true
  }

  /// The turn has ended with `chunks` chunks. True once all of them were read; until then readers see it streaming.
  package mutating func end(_ terminal: Terminal, chunks: Int) -> Bool {
    guard log.sealed >= chunks else { return false }
    self.terminal = terminal
    return true
  }
}
