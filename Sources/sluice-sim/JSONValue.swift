import FoundationEssentials
import NIOCore

/// Any JSON, for request bodies in which little is read and much is left alone. What is absent reads as ``null``.
enum JSONValue: Decodable, Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// nil if `body` is no JSON.
  init?(_ body: ByteBuffer) {
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(body.readableBytesView)) else { return nil }
    self = value
  }

  subscript(name: String) -> JSONValue {
    if case .object(let members) = self { members[name] ?? .null } else { .null }
  }

  /// Empty if it is no array.
  var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }

  /// nil if it is no string.
  var text: String? { if case .string(let text) = self { text } else { nil } }

  /// nil if it is no whole number.
  var int: Int? { if case .number(let number) = self { Int(exactly: number) } else { nil } }

  /// nil if it is no bool.
  var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }

  var isNull: Bool { self == .null }
}
