/// JSON Merge Patch (RFC 7396): an object of changes. Objects merge member by member, null removes, anything else
/// replaces.
package enum JSONMergePatch {
  /// `target` with `patch` merged into it. What the patch does not name keeps its place; what it adds comes last. Of
  /// names that a text repeats, the last counts.
  package static func apply(_ patch: JSONElement, to target: JSONElement) -> [UInt8] {
    var writer = JSONWriter()
    write(patch, over: target, to: &writer)
    return writer.bytes
  }

  private static func write(_ patch: JSONElement, over target: JSONElement?, to writer: inout JSONWriter) {
    guard patch.kind == .object else { return writer.raw(patch.minified ?? []) }
    let changes = members(of: patch)
    let kept = target.map { members(of: $0) } ?? []
    writer.beginObject()
    for (name, value) in kept {
      if let change = changes.first(where: { $0.name == name }) {
        if !change.value.isNull { member(name, change.value, over: value, to: &writer) }
      } else {
        writer.key(escaping: name)
        writer.raw(value.minified ?? [])
      }
    }
    for (name, value) in changes where !value.isNull && !kept.contains(where: { $0.name == name }) {
      member(name, value, over: nil, to: &writer)
    }
    writer.endObject()
  }

  private static func member(
    _ name: String, _ patch: JSONElement, over target: JSONElement?, to writer: inout JSONWriter
  ) {
    writer.key(escaping: name)
    write(patch, over: target, to: &writer)
  }

  /// Empty for what is no object: a patch then stands in its place.
  private static func members(of object: JSONElement) -> [(name: String, value: JSONElement)] {
    var members: [(name: String, value: JSONElement)] = []
    for (name, value) in object.members {
      let name = name.string ?? ""
      if let index = members.firstIndex(where: { $0.name == name }) {
        members[index].value = value
      } else {
        members.append((name, value))
      }
    }
    return members
  }
}
