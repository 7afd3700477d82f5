/// Where a request came from, as far as tests want to know.
struct Peer: Equatable, Sendable {
  /// Our port that it came to.
  var port = 0
  /// The number of its connection, the same for all requests that came over it.
  var connection = 0
  /// The subject of the client certificate; nil if there was none.
  var subject: String?

  /// Its members of an object of `GET /sim/requests`.
  var json: String {
    "\"port\":\(port),\"connection\":\(connection),\"clientSubject\":\(subject.map(JSONText.quoted) ?? "null")"
  }
}
