import Store

/// Why a command did not do what it was asked for: exit code 1.
struct Refusal: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// Somebody else removed the row at this moment.
  static let gone = Refusal("it was removed by somebody else meanwhile")

  /// What the database's refusal means to the operator. `store` tells what only the database knows.
  init(_ error: StoreError, _ store: AdminStore) async {
    if let constraint = error.constraint, let rule = AdminRule.of(constraint) {
      switch rule.demand {
      case .must(let demand): self.init("\(rule.subject) \(demand)")
      case .beListed:
        let words = (try? await store.words(of: constraint)) ?? []
        self.init("\(rule.subject) must be \(words.isEmpty ? "another word" : Self.choice(of: words))")
      }
      return
    }
    switch error.sqlstate {
    // insufficient_privilege
    case "42501":
      let role = (try? await store.role()) ?? "of this connection"
      self.init(
        "the role \(role) may not do this (\(error.cause)): "
          + "set admin_database to a role that is a member of sluice_admin")
    // undefined_table, invalid_schema_name, undefined_column, undefined_object
    case "42P01", "3F000", "42703", "42704":
      self.init("the schema does not fit this program (\(error.cause)): run `sqitch deploy --verify` in Migrations/")
    // invalid_datetime_format, datetime_field_overflow
    case "22007", "22008": self.init("a time must be such as 90d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z")
    // numeric_value_out_of_range
    case "22003": self.init("a number is too large: \(error.cause)")
    case .some(let sqlstate): self.init("the database refuses: \(error.cause) (\(sqlstate))")
    case nil: self.init("\(error)")
    }
  }

  /// `a`, `a or b`, `a, b or c`.
  private static func choice(of words: [String]) -> String {
    guard words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
  }
}
