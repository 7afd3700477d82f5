import Chat
import EventLoop
import Logging
import Store

/// Judges the JWTs that surfaces' own back ends have signed.
final class WebTokenDoor: Sendable {
  private let issuers: Issuers
  private let memory: WebTokenMemory
  private let access: AccessStore
  private let store: IssuerStore
  private let meters: Meters
  private let log: Logger

  init(
    issuers: Issuers, memory: WebTokenMemory, access: AccessStore, store: IssuerStore, meters: Meters, log: Logger
  ) {
    self.issuers = issuers
    self.memory = memory
    self.access = access
    self.store = store
    self.meters = meters
    self.log = log
  }

  /// What is known of it in memory; nil: `prove` has to be asked.
  func recall(_ text: String) -> WebTokenProof? { memory.recall(text).flatMap { $0.isFresh ? $0.proof : nil } }

  /// Throws what its fault means to the client; that it is a fault at all is counted.
  func prove(_ text: String) async throws(Refusal) -> WebTokenProof {
    let generation = memory.generation
    if let known = memory.recall(text) { return await linkedAgain(text, known.proof, under: generation) }
    let proof: WebTokenProof
    do throws(WebTokenFault) { proof = try await verified(text) } catch { throw refusal(error) }
    let linked = try await linked(proof)
    if linked.use == nil { memory.remember(text, linked, under: generation) }
    return linked
  }

  /// Uses a token that is good for one session request. Throws if it was used.
  func use(_ proof: WebTokenProof) async throws(Refusal) {
    guard let use = proof.use else { return }
    let isFirst: Bool
    do { isFirst = try await store.use(use, ends: proof.ends) } catch { throw Refusal(error) }
    if !isFirst { throw refusal(.used) }
  }

  func refusal(_ fault: WebTokenFault) -> Refusal {
    meters.webTokenFaults.add(fault, in: meters.lane)
    log.debug("token refused", metadata: ["reason": "\(fault.text)"])
    return fault.refusal
  }

  /// All but whom it speaks for.
  private func verified(_ text: String) async throws(WebTokenFault) -> WebTokenProof {
    let token = try WebToken(text)
    let claims = token.claims
    guard let entry = issuers.find(claims) else { throw .issuer }
    let issuer = entry.issuer
    try issuer.judge(token, now: Int(Instant.wall().nanoseconds / 1_000_000_000))
    let verifier = try await entry.keys.verifier(for: token.header)
    guard verifier.accepts(token.signature, of: token.signed) else { throw .signature }
    let use = issuer.once ? claims.id.map { "jwt:\(issuer.id):\($0)" } : nil
    return WebTokenProof(
      identity: ID.fresh(), surface: issuer.surface, subject: claims.subject, issued: issuer.issued(claims),
      ends: issuer.end(of: claims), id: claims.id, use: use)
  }

  /// With the identity that its subject is linked with; a subject that is seen first gets the fresh one.
  private func linked(_ proof: WebTokenProof) async throws(Refusal) -> WebTokenProof {
    do {
      return proof.linked(
        with: try await access.link(
          surface: proof.surface, externalUser: proof.subject, fresh: proof.identity))
    } catch {
      throw Refusal(error)
    }
  }

  /// The link may have changed. While the database is away the former one counts, so that polls go on.
  private func linkedAgain(
    _ text: String, _ proof: WebTokenProof, under generation: Int
  ) async -> WebTokenProof {
    let identity = try? await access.link(
      surface: proof.surface, externalUser: proof.subject, fresh: ID.fresh())
    let proof = proof.linked(with: identity ?? proof.identity)
    memory.remember(text, proof, under: generation)
    return proof
  }
}
