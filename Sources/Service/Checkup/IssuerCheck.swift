import Store
import Upstream

/// Whether this machine can read the keys that JWTs are judged by.
enum IssuerCheck {
  /// The enabled issuers of enabled surfaces, as a node would read them. Tells places, never keys.
  static func findings(_ issuers: [IssuerStore.Issuer], by pool: UpstreamPool) async -> [Finding] {
    var findings: [Finding] = []
    for issuer in issuers {
      let place = KeyPlace(issuer.keys)
      do throws(KeyFault) {
        let held = Set(try await place.read(by: pool).verifiers.map(\.key.algorithm))
        let idle = issuer.algorithms.filter { !held.contains($0) }
        if idle.count == issuer.algorithms.count {
          findings.append(
            .warn(
              "issuers", "\(label(issuer)): \(place.label) holds no key for \(idle.joined(separator: ", "))",
              mend: "publish one there, or sluice issuer set \(issuer.id) --algorithm …"))
        }
      } catch {
        findings.append(finding(issuer, place, error))
      }
    }
    return findings.isEmpty ? [.ok("issuers", "\(issuers.count) enabled")] : findings
  }

  private static func finding(_ issuer: IssuerStore.Issuer, _ place: KeyPlace, _ fault: KeyFault) -> Finding {
    let text = "\(label(issuer)): \(place.label): \(fault)"
    switch place {
    case .secret(let reference) where reference.utf8.starts(with: "env:".utf8) && fault.reading == .unreachable:
      // The service may have another environment than this shell.
      return .warn(
        "issuers", text, mend: "see that the service has it in its environment, such as by systemd's EnvironmentFile=")
    case .secret:
      return .fail("issuers", text, mend: "put 32 bytes or more there, to be read by the program's user alone")
    case .file:
      return .fail("issuers", text, mend: "put a JSON Web Key Set there, to be read by the program's user")
    case .url:
      return .fail(
        "issuers", text,
        mend: "see that it answers this machine with a JSON Web Key Set; or sluice issuer set \(issuer.id) --jwks …")
    }
  }

  private static func label(_ issuer: IssuerStore.Issuer) -> String { "\(issuer.issuer) for \(issuer.audience)" }
}
