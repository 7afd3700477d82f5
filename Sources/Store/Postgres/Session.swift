import CPostgres
import SQL

/// libpq's own would print to stderr.
private func discardNotice(_ context: UnsafeMutableRawPointer?, _ message: UnsafePointer<CChar>?) {}

/// One libpq connection: the only owner of its PGconn. Every return code becomes an enum here.
// Sendable is unchecked because of the C pointer: `start` makes it off the loop and hands it over once; from then on only
// the loop of its connection touches it.
final class Session: @unchecked Sendable {
  enum Progress {
    /// Poll again when the socket is readable, or writable.
    case reading, writing
    case established
    case failed(StoreError)
  }

  enum Flush { case done, pending, failed }

  enum Event {
    case reply(PipelineState.Reply)
    /// Between the results of two queries.
    case separator
    case disconnected
  }

  private let connection: OpaquePointer
  private var parameters = ParameterBuffer()

  /// *Blocks* while the host's name is resolved: not on a loop. nil if there is no memory.
  init?(conninfo: String, applicationName: String) {
    guard let connection = sluice_pg_start(conninfo, applicationName) else { return nil }
    self.connection = connection
    PQsetNoticeProcessor(connection, discardNotice, nil)
  }

  deinit { PQfinish(connection) }

  /// nil if the connection string can be parsed. libpq's words are not repeated: they may quote a password. Nor may a
  /// password whose `@` or `/` was not escaped pass for a host, a port or a database, which later messages name.
  static func fault(in conninfo: String) -> StoreError? {
    let malformed = StoreError(.misuse, cause: "the connection string is malformed")
    guard let options = PQconninfoParse(conninfo, nil) else { return malformed }
    defer { PQconninfoFree(options) }
    var option = options
    while let keyword = option.pointee.keyword {
      let value = option.pointee.val.map { String(cString: $0) } ?? ""
      switch String(cString: keyword) {
      case "host", "dbname": if value.contains("@") { return malformed }
      case "port": if !value.allSatisfy({ $0.isWholeNumber || $0 == "," }) { return malformed }
      default: break
      }
      option += 1
    }
    return nil
  }

  /// Changes while connecting; -1 if there is none.
  var socket: Int32 { PQsocket(connection) }

  /// The next step of connecting. Once established, the session is non-blocking and in pipeline mode.
  func poll() -> Progress {
    switch PQconnectPoll(connection) {
    case PGRES_POLLING_READING: return .reading
    case PGRES_POLLING_WRITING: return .writing
    case PGRES_POLLING_OK:
      let ready = PQsetnonblocking(connection, 1) == 0 && PQenterPipelineMode(connection) == 1
      return ready ? .established : .failed(failure(.unavailable))
    default: return .failed(failure(.unavailable))
    }
  }

  /// libpq's last message, on one line.
  func failure(_ code: StoreError.Code) -> StoreError {
    let message = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
    let lines = message.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }
    return StoreError(code, cause: lines.isEmpty ? "connection closed" : lines.joined(separator: "; "))
  }

  /// False if libpq would not take it: the connection is of no more use. So also `execute` and `sync`.
  func prepare(_ statement: Statement) -> Bool {
    PQsendPrepare(connection, statement.name, statement.text, 0, nil) == 1
  }

  /// `prepared`: under the statement's name; else its text is parsed each time.
  func execute(_ query: Query, prepared: Bool) -> Bool {
    let statement = query.statement
    return parameters.with(query.parameters) { count, values, lengths, formats in
      prepared
        ? PQsendQueryPrepared(connection, statement.name, count, values, lengths, formats, 0) == 1
        : PQsendQueryParams(connection, statement.text, count, nil, values, lengths, formats, 0) == 1
    }
  }

  func sync() -> Bool { PQpipelineSync(connection) == 1 }

  func flush() -> Flush {
    switch PQflush(connection) {
    case 0: .done
    case 1: .pending
    default: .failed
    }
  }

  /// Reads what has come. False if the connection is gone; what had come before can still be taken.
  func consume() -> Bool {
    // Over TLS a record may be longer than libpq's one read, and epoll cannot see the rest inside OpenSSL.
    if PQsslInUse(connection) == 1, PQconsumeInput(connection) == 0 { return false }
    return PQconsumeInput(connection) == 1
  }

  /// True if `next` would not wait.
  var hasEvent: Bool { PQisBusy(connection) == 0 }

  func next() -> Event {
    guard let result = PQgetResult(connection) else { return .separator }
    let status = PQresultStatus(result)
    if status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK { return .reply(.rows(Rows(result))) }
    defer { PQclear(result) }
    switch status {
    case PGRES_EMPTY_QUERY: return .reply(.rows(Rows(nil)))
    case PGRES_PIPELINE_SYNC: return .reply(.sync)
    case PGRES_PIPELINE_ABORTED: return .reply(.skipped)
    case PGRES_FATAL_ERROR:
      // An error without a SQLSTATE is libpq's own.
      guard let sqlstate = field(SLUICE_PG_SQLSTATE, of: result) else { return .disconnected }
      return .reply(
        .failed(
          StoreError(
            sqlstate: sqlstate, constraint: field(SLUICE_PG_CONSTRAINT, of: result),
            message: field(SLUICE_PG_MESSAGE, of: result) ?? "")))
    default: return .disconnected  // COPY and its kin: we have no such statement
    }
  }

  private func field(_ code: some BinaryInteger, of result: OpaquePointer) -> String? {
    PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
  }
}
