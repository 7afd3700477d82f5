package import SQL

/// A statement and the values of its parameters, in their order.
package struct Query: Sendable {
  package let statement: Statement
  package let parameters: [Parameter]

  package init(_ statement: Statement, _ parameters: [Parameter]) {
    self.statement = statement
    self.parameters = parameters
  }

  package init(_ statement: Statement, _ parameters: Parameter...) { self.init(statement, parameters) }
}
