import SQL

/// What operators list: a statement that returns each row as one JSON object, its keys the names of the columns.
package struct AdminList: Sendable {
  let statement: Statement

  package static let credentials = AdminList(statement: .adminCredentials)
  package static let models = AdminList(statement: .adminModels)
  package static let routes = AdminList(statement: .adminRoutes)
  package static let surfaces = AdminList(statement: .adminSurfaces)
  package static let roles = AdminList(statement: .adminRoles)
  package static let keys = AdminList(statement: .adminKeys)
  package static let issuers = AdminList(statement: .adminIssuers)
  package static let nodes = AdminList(statement: .adminNodes)
  package static let prices = AdminList(statement: .adminPrices)
  package static let limits = AdminList(statement: .adminLimits)
  /// Those that a limit may be for.
  package static let limitRoles = AdminList(statement: .adminLimitRoles)
}

/// A table that operators edit.
package struct AdminTable: Sendable {
  package let list: AdminList
  /// Inserts what has no default; `set` follows with the rest.
  let add: Statement
  /// Changes the columns that are given.
  let set: Statement
  let remove: Statement

  package static let credentials = AdminTable(
    list: .credentials, add: .adminCredentialAdd, set: .adminCredentialSet, remove: .adminCredentialRemove)
  package static let models = AdminTable(
    list: .models, add: .adminModelAdd, set: .adminModelSet, remove: .adminModelRemove)
  package static let routes = AdminTable(
    list: .routes, add: .adminRouteAdd, set: .adminRouteSet, remove: .adminRouteRemove)
  package static let surfaces = AdminTable(
    list: .surfaces, add: .adminSurfaceAdd, set: .adminSurfaceSet, remove: .adminSurfaceRemove)
  package static let roles = AdminTable(
    list: .roles, add: .adminRoleAdd, set: .adminRoleSet, remove: .adminRoleRemove)
  package static let issuers = AdminTable(
    list: .issuers, add: .adminIssuerAdd, set: .adminIssuerSet, remove: .adminIssuerRemove)
  package static let prices = AdminTable(
    list: .prices, add: .adminPriceAdd, set: .adminPriceSet, remove: .adminPriceRemove)
  package static let limits = AdminTable(
    list: .limits, add: .adminLimitAdd, set: .adminLimitSet, remove: .adminLimitRemove)
  /// `remove` revokes: the row stays.
  package static let keys = AdminTable(list: .keys, add: .adminKeyAdd, set: .adminKeySet, remove: .adminKeyRevoke)
}
