/// Whether nginx asks this node first for the turns that are born on it, where it tells nodes apart by their tags.
struct NginxTagCheck {
  let passage: NginxPassage
  let upstreams: NginxUpstreams
  let doors: [NginxDoor]
  let tag: UInt16

  func findings() -> [Finding] {
    let digits = String(tag, radix: 16)
    let hexadecimal = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    // nginx chooses by the path behind the mount.
    let path = "/chat/01934fa2-7c3e-7\(hexadecimal)-8000-5d1c6f0a9b2e/poll"
    guard let choice = upstreams.choice(of: passage.value, for: path) else { return [] }
    if choice.isDefault {
      return [
        .warn(
          "nginx", "\(passage.place): \(passage.value) has no line for tag \(hexadecimal), which is this node's",
          mend: "\"~^/chat/.{14}7\(hexadecimal)-\" \"sluice_\(hexadecimal)\"; as in nginx/sluice-upstream-nodes.conf")
      ]
    }
    // That it is none is told elsewhere.
    guard let upstream = upstreams.upstream(named: choice.name) else { return [] }
    let isFirst = doors.contains { door in
      upstream.primaries.contains { door.isReached(by: $0, of: upstream.name) }
    }
    if isFirst { return [] }
    return [
      .warn(
        "nginx", "\(upstream.place): upstream \(upstream.name), for this node's tag, asks another node first",
        mend: "this node without `backup` in upstream \(upstream.name), the others with it")
    ]
  }
}
