import Testing

@testable import Store

@Suite struct AdminChangesTests {
  @Test func holdsWhatIsGivenAndNothingElse() {
    var changes = AdminChanges()
    changes.set("absent", String?.none)
    changes.set("none", Int?.none)
    #expect(changes.isEmpty)
    changes.set("name", "a \"b\"")
    changes.set("origins", ["x", "y"])
    changes.set("parameters", json: #"{"k": 1}"#)
    changes.set("hash", bytes: [0, 0xAB])
    changes.set("on", true)
    changes.unset("prompt")
    #expect(changes.columns == ["name", "origins", "parameters", "hash", "on", "prompt"])
    guard case .utf8(let bytes) = changes.parameter.value else { return #expect(Bool(false)) }
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"{"name":"a \"b\"","origins":["x","y"],"parameters":{"k": 1},"hash":"\\x00ab","on":true,"prompt":null}"#)
  }
}
