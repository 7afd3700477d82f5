/// What a start's receipt says to who will read the turn.
struct StartReply {
  let turn: String
  let token: String

  /// Nil if this is no such reply.
  init?(_ body: UnsafeRawBufferPointer) {
    var place = 0
    guard let turn = PollReply.string(after: #"{"turn":""#, in: body, from: &place),
      let token = PollReply.string(after: #""token":""#, in: body, from: &place)
    else { return nil }
    self.turn = String(decoding: body[turn], as: UTF8.self)
    self.token = String(decoding: body[token], as: UTF8.self)
  }
}
