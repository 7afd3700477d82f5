import NIOCore
import NIOHTTP1
import NIOPosix

/// The listening socket and the pipeline of each connection.
struct Server: Sendable {
  private let channel: any Channel

  /// Binds and listens; connections are served from now on.
  /// - Throws: NIO's error if the address cannot be bound.
  init(_ endpoint: Endpoint, routes: Routes, threads: Int) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    let metronomes = Dictionary(
      uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), Metronome($0)) })
    channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // Every flush is a segment of its own, so that what is split arrives split.
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          // All header values are the simulator's own: checking them costs each token a step of the pipeline.
          try pipeline.configureHTTPServerPipeline(withOutboundHeaderValidation: false)
          let metronome = metronomes[ObjectIdentifier(channel.eventLoop)] ?? Metronome(channel.eventLoop)
          try pipeline.addHandler(Connection(routes: routes, metronome: metronome))
        }
      }
      .bind(host: endpoint.host, port: endpoint.port).get()
  }

  /// The port it listens on, chosen by the kernel if 0 was asked for.
  var port: Int { channel.localAddress?.port ?? 0 }

  /// Returns when the listening socket closes, which nothing but an error of its own does.
  func run() async throws { try await channel.closeFuture.get() }
}
