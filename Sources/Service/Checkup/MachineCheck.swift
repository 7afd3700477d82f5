/// Looks at this machine: descriptors, sockets, keys.
struct MachineCheck: Sendable {
  let settings: ServiceSettings

  func run() -> [Finding] {
    var findings: [Finding] = [
      .ok("key_file", "`\(settings.keys.keys[0].name)` signs, \(settings.keys.keys.count) verify")
    ]
    if let keys = settings.credentialKeys?.keys {
      findings.append(.ok("credential_keys", "`\(keys[0].name)` seals, \(keys.count) open"))
    }
    findings += DescriptorCheck.findings(settings, allowed: DescriptorCheck.allowed())
    for address in settings.listeners { findings += ListenerCheck(subject: "listen", address: address).findings() }
    for address in settings.operatorListeners {
      findings += ListenerCheck(subject: "operator_listen", address: address).findings()
    }
    return findings
  }
}
