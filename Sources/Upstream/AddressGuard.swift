/// Which hosts and addresses may be reached. Pure.
package struct AddressGuard: Sendable, Equatable {
  /// May be reached although their address is of a class that may not.
  package var allowed: HostList
  /// These alone may be reached; nil for all. Does not lift what a class forbids.
  package var only: HostList?

  package init(allowed: HostList = HostList(), only: HostList? = nil) {
    self.allowed = allowed
    self.only = only
  }

  /// What remains to be asked of an address that is about to be connected.
  struct Passage: Equatable {
    var checksClass: Bool
    var checksOnly: Bool

    /// To the proxy, which the operator chose.
    static let free = Passage(checksClass: false, checksOnly: false)
  }

  /// Why not; no address or host in it.
  enum Refusal: Equatable, CustomStringConvertible {
    case forbidden(AddressClass)
    case unlisted

    var description: String {
      switch self {
      case .forbidden(let name): "a \(name.rawValue) address; upstream_allow does not list it"
      case .unlisted: "upstream_only does not list it"
      }
    }
  }

  /// Before its name is looked up. `proxied`: nobody here will see its address. Throws `refusedAddress`.
  func admit(host: String, proxied: Bool) throws(TransferError) -> Passage {
    let isListed = only.map { $0.contains(host: host) } ?? true
    let isAllowed = allowed.contains(host: host)
    if let address = IPAddress(host) {
      let passage = Passage(checksClass: !isAllowed, checksOnly: !isListed)
      if let refusal = refusal(of: address, passage) { throw Self.error(host, refusal) }
    } else if !isListed, proxied || only?.networks.isEmpty == true {
      throw Self.error(host, .unlisted)
    }
    return proxied ? .free : Passage(checksClass: !isAllowed, checksOnly: !isListed)
  }

  /// Nil if the address may be connected to.
  func refusal(of address: IPAddress, _ passage: Passage) -> Refusal? {
    if passage.checksOnly, only?.contains(address) == false { return .unlisted }
    if passage.checksClass, let name = AddressClass(address), !allowed.contains(address) { return .forbidden(name) }
    return nil
  }

  static func error(_ target: some CustomStringConvertible, _ refusal: Refusal) -> TransferError {
    TransferError(.refusedAddress, cause: "\(target): \(refusal)")
  }
}
