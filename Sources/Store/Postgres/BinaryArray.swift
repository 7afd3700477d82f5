/// A one-dimensional array in PostgreSQL's binary format: nothing to escape, nothing to parse.
/// Layout (array_recv in src/backend/utils/adt/arrayfuncs.c), all big-endian 32-bit: dimensions, has-nulls flag, element
/// type, then length and lower bound, then each element as length and bytes. An empty array has no dimension.
struct BinaryArray {
  /// Object ids from src/include/catalog/pg_type.dat; they never change.
  enum Element: UInt32 {
    case bool = 16
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case uuid = 2950
  }

  private(set) var bytes: [UInt8] = []

  /// `size`: bytes of all elements together.
  private init(of element: Element, count: Int, size: Int) {
    bytes.reserveCapacity(20 + 4 * count + size)
    put(UInt32(count == 0 ? 0 : 1))
    put(UInt32(0))
    put(element.rawValue)
    if count > 0 {
      put(UInt32(count))
      put(UInt32(1))
    }
  }

  init(_ values: [Bool]) {
    self.init(of: .bool, count: values.count, size: values.count)
    for value in values {
      put(UInt32(1))
      bytes.append(value ? 1 : 0)
    }
  }

  init(_ values: [Int16]) {
    self.init(of: .int2, count: values.count, size: 2 * values.count)
    for value in values {
      put(UInt32(2))
      put(value)
    }
  }

  init(_ values: [Int32]) {
    self.init(of: .int4, count: values.count, size: 4 * values.count)
    for value in values {
      put(UInt32(4))
      put(value)
    }
  }

  init(_ values: [Int64]) {
    self.init(of: .int8, count: values.count, size: 8 * values.count)
    for value in values {
      put(UInt32(8))
      put(value)
    }
  }

  init(_ values: [(UInt64, UInt64)]) {
    self.init(of: .uuid, count: values.count, size: 16 * values.count)
    for value in values {
      put(UInt32(16))
      put(value.0)
      put(value.1)
    }
  }

  /// UTF-8 texts.
  init(_ values: [ArraySlice<UInt8>]) {
    self.init(of: .text, count: values.count, size: values.reduce(0) { $0 + $1.count })
    for value in values {
      put(UInt32(value.count))
      bytes.append(contentsOf: value)
    }
  }

  private mutating func put(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }
}
