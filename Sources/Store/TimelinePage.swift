package import Chat

/// Where something stands in a list that is ordered by time, then by id: what the next page is asked for with.
package struct TimelinePosition: Sendable, Equatable {
  /// Microseconds since 1970 (UTC), as precise as PostgreSQL keeps them.
  package let microseconds: Int
  package let id: ID

  package init(microseconds: Int, id: ID) {
    self.microseconds = microseconds
    self.id = id
  }
}

/// Some of a list's rows.
package struct TimelinePage<Row: Sendable>: Sendable {
  package let rows: [Row]
  /// Older ones follow.
  package let more: Bool
}
