package import Kernel

/// An organisation has an authority.
package struct IdentityAuthorityEstablished: JournalEvent, Hashable {
  package static let kind = "identity.authorityEstablished"
  package let authority: ID<IdentityAuthority>
  package let chain: IdentityChain
  package var subject: String { authority.description }

  init(_ authority: IdentityAuthority) {
    self.authority = authority.id
    chain = authority.chain
  }
}

/// An authority took its next place in the succession.
package struct IdentityAuthorityChanged: JournalEvent, Hashable {
  package static let kind = "identity.authorityChanged"
  package let authority: ID<IdentityAuthority>
  package let chain: IdentityChain
  package let state: IdentityAuthority.State
  package var subject: String { authority.description }

  init(_ authority: IdentityAuthority) {
    self.authority = authority.id
    chain = authority.chain
    state = authority.state
  }
}

/// A third party got a certificate.
package struct IdentityCertificateIssued: JournalEvent, Hashable {
  package static let kind = "identity.issued"
  package let certificate: ID<IdentityCertificate>
  package let chain: IdentityChain
  package let holder: String
  package let serial: String
  package let renews: ID<IdentityCertificate>?
  package var subject: String { certificate.description }

  init(_ certificate: IdentityCertificate) {
    self.certificate = certificate.id
    chain = certificate.chain
    holder = certificate.holder
    serial = certificate.serial
    renews = certificate.renews
  }
}

/// A certificate is no longer good.
package struct IdentityCertificateRevoked: JournalEvent, Hashable {
  package static let kind = "identity.revoked"
  package let certificate: ID<IdentityCertificate>
  package let holder: String
  package let serial: String
  package let reason: IdentityRevocationReason
  package var subject: String { certificate.description }

  init(_ certificate: IdentityCertificate, _ reason: IdentityRevocationReason) {
    self.certificate = certificate.id
    holder = certificate.holder
    serial = certificate.serial
    self.reason = reason
  }
}

/// There is a newer list of what is no longer good.
package struct IdentityListPublished: JournalEvent, Hashable {
  package static let kind = "identity.listPublished"
  package let authority: ID<IdentityAuthority>
  package let number: Int64
  package let nextAt: Instant
  package var subject: String { authority.description }

  init(_ authority: IdentityAuthority, _ list: IdentityAuthority.List) {
    self.authority = authority.id
    number = list.number
    nextAt = list.nextAt
  }
}
