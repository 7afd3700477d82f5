import FoundationEssentials
import Testing

@testable import Store

/// The migrations as text: what they say of constraints.
private struct Migrations {
  /// The tables that the command line edits. A key makes a row of `identity`.
  static let edited = [
    "credential", "virtual_model", "model_route", "surface", "surface_key", "identity", "role", "role_model",
    "role_tool", "identity_role", "jwt_issuer", "identity_link", "revocation", "price", "usage_limit",
  ]

  /// Constraints by name, with the word that follows: `check`, `unique` …
  let constraints: [(table: String, name: String, kind: String)]

  init() throws {
    let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Migrations/"
    let plan = try String(contentsOfFile: folder + "sqitch.plan", encoding: .utf8)
    let changes = plan.split(separator: "\n").filter { $0.first?.isLetter == true }.map { $0.split(separator: " ")[0] }
    var constraints: [(String, String, String)] = []
    for change in changes {
      let text = try String(contentsOfFile: "\(folder)deploy/\(change).sql", encoding: .utf8)
      var table = ""
      for line in text.split(separator: "\n") {
        let words = line.split(whereSeparator: { " ,();".contains($0) }).map(String.init)
        if let place = words.firstIndex(of: "table"), place < 2, place + 1 < words.count {
          table = String(words[place + 1].split(separator: ".").last ?? "")
        }
        guard let place = words.firstIndex(of: "constraint"), place < 2, !line.hasPrefix("--") else { continue }
        let name = words[place + 1]
        if words.first == "drop" {
          constraints.removeAll { $0.1 == name }
        } else {
          constraints.append((table, name, words.count > place + 2 ? words[place + 2] : ""))
        }
      }
    }
    self.constraints = constraints
  }
}

@Suite struct AdminRuleTests {
  @Test func everyConstraintOfTheEditedTablesHasItsRule() throws {
    let wanted = try Migrations().constraints.filter { Migrations.edited.contains($0.table) }.map(\.name)
    #expect(wanted.count > 40)
    #expect(Set(wanted).symmetricDifference(AdminRule.all.keys).sorted() == [])
  }

  @Test(arguments: AdminRule.all.keys.sorted())
  func aRuleNamesWhatWasRefusedAndWhatIsAllowed(constraint: String) throws {
    let rule = try #require(AdminRule.of(constraint))
    #expect(!rule.subject.isEmpty)
    if case .must(let demand) = rule.demand { #expect(demand.split(separator: " ").count >= 2) }
  }

  @Test func whatNoEditMeetsHasNone() {
    #expect(AdminRule.of("turn_state_check") == nil)
  }
}
