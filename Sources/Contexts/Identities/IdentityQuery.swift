package import Kernel

/// Which certificates to list, newest first.
package struct IdentityQuery: Sendable, Hashable {
  /// Somewhere in the holder, the owner or the serial number.
  package let text: String?
  package let chain: IdentityChain?
  package let profile: IdentityProfile?
  package let state: IdentityCertificate.State?
  package let page: PageRequest

  package init(
    text: String? = nil, chain: IdentityChain? = nil, profile: IdentityProfile? = nil,
    state: IdentityCertificate.State? = nil, page: PageRequest = PageRequest()
  ) {
    self.text = text
    self.chain = chain
    self.profile = profile
    self.state = state
    self.page = page
  }
}
