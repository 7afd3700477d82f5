import EventLoop
import Synchronization
import Testing
import Upstream

/// A pool on loops of its own, with the server it talks to.
final class Rig: Sendable {
  let loops: LoopPool
  let pool: UpstreamPool
  let server: ScriptedServer
  private let recorders = Mutex<[Recorder]>([])

  private init(loops: Int, settings: UpstreamSettings, script: @escaping ScriptedServer.Script) throws {
    server = ScriptedServer(script)
    self.loops = try LoopPool(count: loops)
    pool = try UpstreamPool(loops: self.loops, settings: settings)
    self.loops.start()
  }

  /// Runs `body` against a server with `script`; afterwards every transfer must have finished once, and last.
  static func run(
    loops: Int = 1, settings: UpstreamSettings = UpstreamSettings(), script: @escaping ScriptedServer.Script,
    _ body: (Rig) async throws -> Void
  ) async throws {
    let rig = try Rig(loops: loops, settings: settings, script: script)
    let result = await Result { try await body(rig) }
    rig.pool.shutdown()
    rig.loops.stop()
    rig.server.stop()
    try result.get()
    for recorder in rig.recorders.withLock({ $0 }) {
      let record = recorder.record.value
      #expect(record.finishes == 1)
      #expect(record.misplaced == 0)
    }
    let gauges = rig.pool.gauges()
    #expect((gauges.running, gauges.queued, gauges.connecting) == (0, 0, 0))
    #expect(gauges.started == gauges.finished)
  }

  @discardableResult
  func start(
    _ recorder: Recorder, path: String = "/", url: String? = nil, method: UpstreamRequest.Method = .post,
    headers: [(name: String, value: String)] = [], body: [UInt8] = Array("{}".utf8),
    limits: UpstreamRequest.Limits = .init(), tls: UpstreamTLS? = nil, version: UpstreamRequest.Version = .http1,
    in place: Place? = nil
  ) -> Transfer {
    recorders.withLock { $0.append(recorder) }
    let request = UpstreamRequest(
      url: url ?? server.url(path), method: method, headers: headers, body: body, limits: limits, tls: tls,
      version: version)
    let transfer = pool.start(request, in: place, sink: recorder)
    recorder.transfer.withLock { $0 = transfer }
    return transfer
  }

  /// Starts a plain request and waits for its end.
  func fetch(
    _ path: String = "/", url: String? = nil, limits: UpstreamRequest.Limits = .init(), tls: UpstreamTLS? = nil,
    version: UpstreamRequest.Version = .http1
  ) async throws -> Recorder.Record {
    let recorder = Recorder()
    start(recorder, path: path, url: url, limits: limits, tls: tls, version: version)
    return try await recorder.finish()
  }
}

extension Result where Failure == any Error {
  init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
