import EventLoop
import FrontDoor
import Store
import Upstream

/// What `/metrics` shows: every metric there is, with its meaning, which the page itself tells as HELP.
///
/// Labels take their values from closed sets in the code: never an id, a model, a surface or a host.
struct MetricsPage {
  private let telemetry: Telemetry
  private let meters: Meters
  private var page = Exposition()

  /// Reads everything, files of /proc among it: not for a loop.
  static func text(_ telemetry: Telemetry) -> [UInt8] {
    var page = MetricsPage(telemetry)
    page.writeTurns()
    page.writeRequests()
    page.writeFlusher()
    page.writeUpstream()
    page.writeDatabase()
    page.writeNode()
    page.writeProcess()
    return page.page.bytes
  }

  private init(_ telemetry: Telemetry) {
    self.telemetry = telemetry
    meters = telemetry.meters
  }

  private mutating func writeTurns() {
    gauge(
      "sluice_turns_live", "Own turns that have not ended, those being started among them.",
      telemetry.registry.liveCount)
    gauge(
      "sluice_turns_mirrored", "Live turns of other nodes that are followed for readers here.",
      telemetry.tail.watchedCount)
    page.gauge(
      "sluice_turn_oldest_age_seconds", "Age of the oldest live turn; 0 if there is none.",
      Double(telemetry.oldestTurnAge) / 1e3)
    counter(
      "sluice_turns_adopted_total", "Turns of dead nodes that were begun anew here.", meters.adoptions.value)
    counter(
      "sluice_turns_ended_total",
      "Own turns that ended, by state; lost: ended by another node, left to another one, or its end cannot be "
        + "written.",
      by: "state", meters.turnsEnded.values)
    counter(
      "sluice_turn_errors_total", "Own turns that ended in an error, by its code.", by: "code", meters.turnErrors.values
    )
    counter(
      "sluice_upstream_retries_total",
      "Times that a turn went on after its provider had failed it; elsewhere: on another route; waited: it waited to ask "
        + "again.", by: "kind", meters.retries.values)
    page.histogram(
      "sluice_time_to_first_token_seconds", "From the arrival of a start to the moment its first text may be read.",
      meters.firstText)
    page.histogram(
      "sluice_inter_token_seconds",
      "Between two pieces of text of one turn, as they come from the provider; 0 for those that come together.",
      meters.textGaps)
    counter(
      "sluice_text_deltas_total", "Pieces of text taken from providers: with most of them a piece is a token.",
      meters.textDeltas.value)
    counter("sluice_text_bytes_total", "Bytes of that text.", meters.textBytes.value)
    counter(
      "sluice_model_tokens_total",
      "Tokens of ended turns as their providers counted them; cached are part of input, reasoning of output; estimated: "
        + "both, of turns that their providers have not counted.",
      by: "kind", meters.modelTokens.values)
  }

  private mutating func writeRequests() {
    let door = telemetry.door.gauges()
    gauge("sluice_connections", "Connections from the web server.", door.connections)
    counter("sluice_connections_accepted_total", "Connections accepted from the web server.", UInt64(door.accepted))
    counter(
      "sluice_connections_stalled_total", "Connections closed because the web server took nothing of a reply.",
      UInt64(door.stalls))
    counter("sluice_received_bytes_total", "Bytes from the web server, framing included.", UInt64(door.bytesIn))
    counter("sluice_sent_bytes_total", "Bytes to the web server, framing included.", UInt64(door.bytesOut))
    gauge("sluice_parked_requests", "Requests that wait for a turn: held polls and classic starts.", door.parked)
    gauge("sluice_streams", "Streams to readers that are open.", door.streams)
    counter("sluice_requests_total", "Requests, for known paths or unknown.", UInt64(door.requests))
    counter(
      "sluice_requests_abandoned_total", "Requests whose peer went before they were answered.", UInt64(door.abandoned))
    counter(
      "sluice_requests_rejected_total",
      "Requests that the front door turned away by itself: variables or body too long, malformed, in the other dialect, or "
        + "too slow.",
      by: "reason", FrontDoor.Gauges.Reason.allCases.map { ($0.rawValue, UInt64(door.refusals[$0] ?? 0)) })
    counter(
      "sluice_starts_total", "Requests to start a turn, by outcome; repeated: by a key that was used before.",
      by: "outcome", meters.starts.values)
    counter(
      "sluice_limit_hits_total", "Starts refused because a limit is reached, by its rule.", by: "rule",
      meters.limits.values)
    counter(
      "sluice_reservations_total",
      "Times that a turn asked for more tokens of its limits; short: it got less than it asked for.", by: "outcome",
      meters.reservations.values)
    counter(
      "sluice_polls_total",
      "Polls, by outcome; hold_over: answered without news; abandoned: the reader went away while it waited.",
      by: "outcome", meters.polls.values)
    counter(
      "sluice_streams_ended_total",
      "Streams to readers that ended; recycled: by the server, to be opened again; gone: the reader went, or took nothing.",
      by: "outcome", meters.streams.values)
    counter(
      "sluice_cancels_total", "Requests to cancel, by outcome; late: the turn had ended.", by: "outcome",
      meters.cancels.values)
    counter("sluice_sessions_total", "Sessions opened for anonymous visitors.", meters.sessions.value)
    counter(
      "sluice_jwt_refusals_total",
      "JWTs of surfaces' back ends that were refused, by reason; used, purpose: good for one session request; unavailable, "
        + "crowded: their issuer's keys cannot be had.",
      by: "reason", meters.webTokenFaults.values)
    counter(
      "sluice_jwt_keys_read_total", "Attempts to read the keys of an issuer of JWTs, by outcome.", by: "outcome",
      meters.keyReadings.values)
    counter("sluice_refusals_total", "Requests answered by an error, by its code.", by: "code", telemetry.refusals)
    counter(
      "sluice_bound_hits_total", "Times that a bound kept something from growing, by bound.", by: "bound",
      telemetry.boundHits)
  }

  private mutating func writeFlusher() {
    let flusher = telemetry.flusher.gauges
    gauge("sluice_flush_dirty_turns", "Turns with text that is not on its way to the database yet.", flusher.dirty)
    gauge("sluice_flush_turns", "Turns of the flush under way, and of those behind it.", flusher.underWay)
    gauge(
      "sluice_ending_turns", "Turns whose end is on its way to the database.",
      telemetry.finisher.pending)
    page.histogram("sluice_flush_rows", "Chunks in one flush.", meters.flushRows)
    page.histogram("sluice_flush_bytes", "Bytes of the chunks in one flush.", meters.flushBytes)
    page.histogram(
      "sluice_flush_seconds", "From sending a flush to its commit, repetitions included.", meters.flushDuration)
    page.histogram(
      "sluice_end_seconds", "From sending the end of a turn to its commit, repetitions included.", meters.endDuration)
    counter(
      "sluice_flush_retries_total",
      "Writes sent again because their outcome was unknown or the lease in doubt, by what was written.",
      by: "write", meters.flushRetries.values)
  }

  private mutating func writeUpstream() {
    let upstream = telemetry.upstream.gauges()
    gauge(
      "sluice_upstream_running", "Requests to providers under way, places kept for them included.", upstream.running)
    gauge("sluice_upstream_queued", "Requests to providers that wait for a place.", upstream.queued)
    gauge("sluice_upstream_connecting", "Those under way that have no connection yet.", upstream.connecting)
    counter("sluice_upstream_started_total", "Requests to providers.", UInt64(upstream.started))
    counter(
      "sluice_upstream_received_bytes_total", "Bytes of providers' answers, decompressed.",
      UInt64(upstream.bytesReceived))
    counter(
      "sluice_upstream_failures_total",
      "Requests to providers that broke, by reason; errors that providers answer are turn errors.",
      by: "code", TransferError.Code.allCases.map { ($0.rawValue, UInt64(upstream.failures[$0] ?? 0)) })
  }

  private mutating func writeDatabase() {
    let pools = telemetry.databaseGauges
    func all(_ value: (Int) -> Double) -> [(label: String, value: Double)] {
      pools.indices.map { (pools[$0].pool.text, value($0)) }
    }
    page.gauge(
      "sluice_database_connections", "Connections to PostgreSQL that are up.", by: "pool",
      all { Double(pools[$0].gauges.ready) })
    page.gauge(
      "sluice_database_waiting", "Transactions that wait for a connection.", by: "pool",
      all { Double(pools[$0].gauges.waiting) })
    page.gauge(
      "sluice_database_in_flight", "Transactions that wait for their answer.", by: "pool",
      all { Double(pools[$0].gauges.inFlight) })
    page.counter(
      "sluice_database_connects_total", "Connections made.", by: "pool", all { Double(pools[$0].gauges.connects) })
    page.histogram(
      "sluice_database_transaction_seconds", "From submitting a transaction to its answer or failure.", by: "pool",
      pools.map { ($0.pool.text, meters.databases[$0.pool.rawValue].duration) })
    page.counter(
      "sluice_database_failures_total", "Transactions that failed, by reason.", by: ["pool", "code"],
      pools.flatMap { pool, _ in
        meters.databases[pool.rawValue].failures.values.map { ([pool.text, $0.label], Double($0.value)) }
      })
  }

  private mutating func writeNode() {
    page.gauge(
      "sluice_build_info", "Always 1; the version is the label's.", by: "version", [(telemetry.settings.version, 1)])
    page.gauge(
      "sluice_lease_remaining_seconds", "How long the node's lease holds at least; 0 past it.",
      Double(telemetry.node.leaseRemaining) / 1e3)
    counter(
      "sluice_conversations_expired_total", "Conversations deleted here because their surface keeps none so old.",
      meters.expired.value)
    let access = telemetry.memory.gauges()
    gauge("sluice_revocations", "Revocations of tokens and identities that the node knows.", access.revocations)
    gauge("sluice_merged_identities", "Identities of which the node knows who they have become.", access.merges)
    page.gauge(
      "sluice_revocations_age_seconds",
      "Since the node last read them; above 5, the database does not answer and what is known counts.",
      Double(access.age ?? 0) / 1e3)
    gauge("sluice_draining", "1 once the node drains.", telemetry.isDraining() ? 1 : 0)
    page.gauge(
      "sluice_load",
      "What stretches the pace of polls: above 1, a loop or the process works more than it should, or is late.",
      telemetry.load.value)
    let readings = telemetry.loops.map { ($0.loop.name, $0.reading(), $0.loop.busyTime) }
    page.gauge(
      "sluice_loop_lag_seconds", "How late the loop served its last timer, or is with the present one.", by: "loop",
      readings.map { ($0.0, Double($0.1.lag) / 1e9) })
    page.gauge(
      "sluice_loop_lag_max_seconds", "The longest lag of the last minute.", by: "loop",
      readings.map { ($0.0, Double($0.1.longestLag) / 1e9) })
    page.gauge(
      "sluice_loop_busy_ratio", "Share of the last second that the loop was at work.", by: "loop",
      readings.map { ($0.0, $0.1.busy) })
    page.counter(
      "sluice_loop_busy_seconds_total", "Time that the loop was at work.", by: "loop",
      readings.map { ($0.0, Double($0.2) / 1e9) })
  }

  /// Under the names that Prometheus' own client libraries give them.
  private mutating func writeProcess() {
    let facts = ProcessFacts.now()
    page.counter("process_cpu_seconds_total", "User and system time of the process.", facts.processorTime)
    if let bytes = facts.residentMemory { gauge("process_resident_memory_bytes", "Resident memory.", bytes) }
    if let count = facts.openDescriptors { gauge("process_open_fds", "Open file descriptors.", count) }
    if let limit = facts.descriptorLimit { gauge("process_max_fds", "The most file descriptors it may open.", limit) }
    if let started = facts.started {
      page.gauge("process_start_time_seconds", "When it started, in seconds since 1970.", started)
    }
  }

  // MARK: whole numbers

  private mutating func gauge(_ name: String, _ help: String, _ value: Int) { page.gauge(name, help, Double(value)) }

  private mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
    page.counter(name, help, Double(value))
  }

  private mutating func counter(
    _ name: String, _ help: String, by label: String, _ values: [(label: String, value: UInt64)]
  ) {
    page.counter(name, help, by: label, values.map { ($0.label, Double($0.value)) })
  }
}
