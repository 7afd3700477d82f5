import Synchronization

/// Numbers that all lanes add to at once: each lane has a row on cache lines of its own, so no loop waits for another.
/// In a loop's lane only that loop writes, so an addition needs no locked instruction; in the last lane it does. A
/// reading sums up the rows.
// Sendable is unchecked because of the pointer: what it points to are atomics that live as long as this object.
final class Cells: @unchecked Sendable {
  /// Of 8 bytes; two cache lines, because processors fetch them in pairs.
  private static let perLine = 16

  private let cells: UnsafeMutablePointer<Atomic<UInt64>>
  private let rows: Int
  private let stride: Int
  /// Numbers in a row.
  let columns: Int

  init(lanes: Lanes, columns: Int) {
    self.columns = columns
    rows = lanes.count
    stride = (columns + Self.perLine - 1) / Self.perLine * Self.perLine
    // One line more than needed: what follows in memory is somebody else's.
    cells = .allocate(capacity: rows * stride + Self.perLine)
    for index in 0..<(rows * stride + Self.perLine) { (cells + index).initialize(to: Atomic(0)) }
  }

  deinit {
    cells.deinitialize(count: rows * stride + Self.perLine)
    cells.deallocate()
  }

  /// `lane`: the calling thread's.
  func add(_ number: UInt64, to column: Int, in lane: Lane) {
    precondition(column < columns && lane.index < rows)
    let place = lane.index * stride + column
    if lane.index < rows - 1 {
      cells[place].store(cells[place].load(ordering: .relaxed) &+ number, ordering: .relaxed)
    } else {
      cells[place].wrappingAdd(number, ordering: .relaxed)
    }
  }

  /// Over all lanes.
  func sum(_ column: Int) -> UInt64 {
    (0..<rows).reduce(0) { $0 &+ cells[$1 * stride + column].load(ordering: .relaxed) }
  }
}
