package import Kernel

/// One of an organisation's certificate authorities. Its private key is in the key service, and nowhere else.
package struct IdentityAuthority: Sendable, Hashable {
  /// Where it stands in the succession of a chain's authorities. At most one is `next`, exactly one `issuing`.
  package enum State: String, Sendable, Hashable, CaseIterable, Codable {
    /// Established, its certificate and its list are given out so that others can get to know it; issues nothing yet.
    case next
    case issuing
    /// Issues no more; what it issued is good until it ends, and its list goes on being made.
    case superseded
    /// All that it issued has ended: no more lists, and its key can be destroyed.
    case retired
  }

  package let id: ID<IdentityAuthority>
  package let organisation: ID<Organisation>
  package let chain: IdentityChain
  /// The first of a chain is 1, the one that follows it 2.
  package let generation: Int
  package let state: State
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

  /// The key service's word for what its key is for.
  package var purpose: String { chain.purpose(generation: generation) }

  /// Whether it is time for its successor: what it may issue would otherwise soon be cut short by its own end.
  package func isEnding(at now: Instant) -> Bool {
    state == .issuing && validUntil < now.advanced(by: .seconds(Self.endingDays * 86_400))
  }

  /// From how many days before its end an authority needs a successor: the longest life of a certificate and a year.
  package static let endingDays: Int64 = 1_095 + 365
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
