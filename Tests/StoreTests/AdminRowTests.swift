import Testing

@testable import Store

@Suite struct AdminRowTests {
  @Test func membersKeepTheirOrderAndKinds() throws {
    let json = #"{"b":null,"a":"x","n":1.50,"t":true,"l":["p","q"],"e":[],"o":{"k":[1]}}"#
    let row = try #require(AdminRow(json: Array(json.utf8)))
    #expect(row.members.map(\.key) == ["b", "a", "n", "t", "l", "e", "o"])
    #expect(row["b"] == .null && row["absent"] == .null)
    #expect(row.text("a") == "x" && row.bool("t") == true && row.int("n") == nil)
    #expect(row["l"] == .texts(["p", "q"]) && row["e"] == .texts([]))
    #expect(row["o"] == .json(#"{"k":[1]}"#))
    #expect(row.json == Array(json.utf8))
  }

  @Test func twoRowsMakeOne() throws {
    let row = try #require(AdminRow(json: Array(#"{"a":1}"#.utf8)))
    let whole = try #require(row.adding("key", "say \"x\""))
    #expect(String(decoding: whole.json, as: UTF8.self) == #"{"a":1,"key":"say \"x\""}"#)
  }

  @Test(arguments: ["", "[]", "1", #"{"a":}"#, #"{"a":1e999}"#])
  func whatIsNoObjectIsNoRow(json: String) {
    #expect(AdminRow(json: Array(json.utf8)) == nil)
  }
}
