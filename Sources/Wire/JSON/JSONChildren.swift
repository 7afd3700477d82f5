import CSimdJSON

/// The values of a JSON array, in order.
package struct JSONElements: Sequence, IteratorProtocol {
  private var children: csj_children

  init(of array: JSONElement) {
    children = array.kind == .array ? csj_children_of(array.value) : csj_children()
  }

  package mutating func next() -> JSONElement? {
    children.next < children.end ? JSONElement(csj_next(&children)) : nil
  }
}

/// The members of a JSON object, in order. `name` is a string element.
package struct JSONMembers: Sequence, IteratorProtocol {
  private var children: csj_children

  init(of object: JSONElement) {
    children = object.kind == .object ? csj_children_of(object.value) : csj_children()
  }

  package mutating func next() -> (name: JSONElement, value: JSONElement)? {
    guard children.next < children.end else { return nil }
    return (JSONElement(csj_next(&children)), JSONElement(csj_next(&children)))
  }
}
