import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The listening sockets and the pipeline of each connection.
struct Server: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let metronomes: [ObjectIdentifier: Metronome]
  private let routes: Routes
  private var channels: [any Channel] = []

  init(routes: Routes, threads: Int) {
    group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    metronomes = Dictionary(uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), Metronome($0)) })
    self.routes = routes
  }

  /// Listens on a further address; connections are served from now on.
  /// - Parameter tls: nil speaks HTTP in the clear.
  /// - Returns: the port, chosen by the kernel if 0 was asked for.
  /// - Throws: NIO's error if the address cannot be bound.
  mutating func listen(_ endpoint: Endpoint, tls: NIOSSLContext? = nil) async throws -> Int {
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // Every flush is a segment of its own, so that what is split arrives split.
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { [metronomes, routes] channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
          let slowHead = SlowHead()
          try pipeline.addHandler(slowHead)
          // All header values are the simulator's own: checking them costs each token a step of the pipeline.
          try pipeline.configureHTTPServerPipeline(withOutboundHeaderValidation: false)
          let metronome = metronomes[ObjectIdentifier(channel.eventLoop)] ?? Metronome(channel.eventLoop)
          let peer = Peer(port: channel.localAddress?.port ?? 0, connection: routes.chat.journal.connection())
          try pipeline.addHandler(Connection(routes: routes, metronome: metronome, slowHead: slowHead, peer: peer))
        }
      }
      .bind(host: endpoint.host, port: endpoint.port).get()
    channels.append(channel)
    return channel.localAddress?.port ?? 0
  }

  /// Returns when all listening sockets have closed, which nothing but errors of their own does.
  func run() async throws {
    for channel in channels { try await channel.closeFuture.get() }
  }
}
