package import EventLoop

/// One request waiting for its reply. A value; any thread may hold it and reply.
///
/// Exactly the first reply counts. A reply to a peer that is gone is dropped.
package struct Exchange: Sendable {
  /// Bytes of a piece of a streamed reply that are enough: what a peer that takes nothing may cost.
  package static let pieceSize = 16 * 1024

  private let peer: any Peer
  /// Tells this request from others on the same connection.
  private let serial: UInt32

  package init(peer: any Peer, serial: UInt32) {
    self.peer = peer
    self.serial = serial
  }

  /// The loop that owns the connection.
  package var loop: EventLoop { peer.loop }

  /// On the owning loop the reply is written before this returns; from elsewhere it goes through the loop's inbox.
  package func reply(_ response: Response) {
    if peer.loop.isCurrent {
      peer.reply(response, to: serial)
    } else {
      peer.loop.submit { [peer, serial] in peer.reply(response, to: serial) }
    }
  }

  /// *Loop only.* Begins a reply that `source` gives piece by piece, as fast as the peer takes it; `head` is a streamed
  /// one. `source` is told with `token`, and retained until the reply ends or the peer goes. False if the peer has gone, or
  /// was answered: then `source` is not told.
  @discardableResult
  package func stream(_ head: Response.Head, from source: any ReplySource, token: Int) -> Bool {
    peer.stream(serial, head, from: source, token: token)
  }

  /// *Loop only.* The source of the streamed reply has something to give.
  package func proceed() { peer.proceed(serial) }

  /// *Loop only.* The reply comes later. `owner` is told with `token` if the peer goes before that; it is retained until
  /// the reply or the end of the connection. False if the peer has gone, or was answered: then `owner` is not told.
  @discardableResult
  package func park(owner: any ParkedOwner, token: Int) -> Bool { peer.park(serial, owner: owner, token: token) }
}

/// Who keeps parked exchanges.
package protocol ParkedOwner: AnyObject, Sendable {
  /// Called on the exchange's loop, at most once for each `park`: nobody waits for that reply any more.
  func peerGone(_ token: Int)
}

/// Gives a reply piece by piece.
package protocol ReplySource: ParkedOwner {
  /// Called on the exchange's loop when the peer has taken all that it was given: appends what comes next, about
  /// `Exchange.pieceSize` bytes at most.
  func next(_ token: Int, to piece: inout [UInt8]) -> ReplyStep
}

/// What comes after a piece.
package enum ReplyStep: Sendable {
  /// Another piece, at once; this one is not empty.
  case more
  /// Nothing, until `Exchange.proceed` is called.
  case waits
  /// The end of the reply.
  case ended
}

/// What stands behind an exchange: a connection, or a test's own. *Loop only*, all but `loop`.
package protocol Peer: AnyObject, Sendable {
  var loop: EventLoop { get }
  func reply(_ response: Response, to serial: UInt32)
  func park(_ serial: UInt32, owner: any ParkedOwner, token: Int) -> Bool
  func stream(_ serial: UInt32, _ head: Response.Head, from source: any ReplySource, token: Int) -> Bool
  func proceed(_ serial: UInt32)
}

/// Takes the requests of all connections.
package protocol RequestHandler: AnyObject, Sendable {
  /// Called on the connection's loop: must not block. It replies now, parks, or lets somebody reply later.
  func handle(_ request: Request, _ exchange: Exchange)

  /// What the front door is about to answer instead of handing over `request`, of which the body is missing: returns it
  /// with what the program adds to its own errors, such as headers for other origins. Called on the connection's loop.
  func refusal(_ response: Response, of request: Request) -> Response
}

extension RequestHandler {
  package func refusal(_ response: Response, of request: Request) -> Response { response }
}
