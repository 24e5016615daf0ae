package import Kernel

/// One of an organisation's two certificate authorities. Its private key is in the key service, and nowhere else.
package struct IdentityAuthority: Sendable, Hashable {
  package let id: ID<IdentityAuthority>
  package let organisation: ID<Organisation>
  package let chain: IdentityChain
  /// DER, signed by its own key.
  package let certificate: [UInt8]
  package let establishedAt: Instant
  /// When its own certificate ends.
  package let validUntil: Instant
  package let list: List
  /// How many certificates were ever revoked; a list made for fewer is out of date.
  let revocations: Int64

  /// A revocation list as it is given out.
  package struct List: Sendable, Hashable {
    /// DER.
    package let der: [UInt8]
    /// Greater than that of every list before.
    package let number: Int64
    package let madeAt: Instant
    /// By when there is the next one.
    package let nextAt: Instant
    let revocations: Int64
  }

  /// Whether a revocation is not on its list yet: the key service could not be asked.
  package var isListBehind: Bool { list.revocations < revocations }

  /// For how long a list is good.
  package static let listSeconds: Int64 = 7 * 86_400
  /// After how long the next one is made, though nothing happened: six days before the end, so that a key service that
  /// is down for days is no harm.
  static let listFreshSeconds: Int64 = 86_400
  /// How far the clocks of two processes may differ.
  static let clockSeconds: Int64 = 300
  /// For how long an authority's own certificate is good.
  static let days = 7_300
  /// The most certificates of one authority that have not ended: a list of all of them is 225 kB, and the key service
  /// signs 256 KiB.
  package static let certificatesMax = 4_500
}
