import Kernel

/// The two authorities of an organisation, each with its kind of key.
///
/// - Source: clauses 8.8 b and 9.4 c.
package enum IdentityChain: String, Sendable, Hashable, CaseIterable, Codable {
  /// ECDSA on P-256 with SHA-256: for TLS, which knows nothing else here.
  case tls
  /// SM2 with SM3: for authentication inside the channel.
  case application

  /// The key service's word for the key's kind.
  var algorithm: String { self == .tls ? "p256" : "sm2" }

  /// The key service's word for what the key is for; one that begins with `ca` is made with two approvals only.
  ///
  /// - Parameter generation: 1 for the first authority, 2 for the one that follows it: each has a key of its own.
  package func purpose(generation: Int = 1) -> String {
    generation == 1 ? "ca-\(rawValue)" : "ca-\(rawValue)-\(generation)"
  }

  /// The name in its authority's certificate: another in each generation, so that lists of two cannot be mixed up.
  func authorityName(of organisation: ID<Organisation>, generation: Int) -> String {
    let name = self == .tls ? "Anju Identity TLS CA" : "Anju Identity Application CA"
    return "\(name) \(organisation.description.suffix(12))" + (generation == 1 ? "" : " G\(generation)")
  }
}

/// What somebody shows a certificate for.
package enum IdentityUsage: String, Sendable, Hashable, CaseIterable, Codable {
  case client
  case server
}

/// What a third party is: decides what its certificate allows and how long it lives.
package enum IdentityProfile: String, Sendable, Hashable, CaseIterable, Codable {
  /// A device of another maker (第三方设备): a client, known by its name alone.
  case device
  /// A system of another organisation (第三方系统): a client; with DNS names a server, too.
  case system

  /// The longest that a certificate may live.
  package var daysMax: Int { self == .device ? 1_095 : 398 }

  /// When nothing else is asked for.
  package var daysDefault: Int { 365 }

  /// The most DNS names.
  package var namesMax: Int { self == .device ? 0 : 16 }

  func usages(names: [String]) -> Set<IdentityUsage> { names.isEmpty ? [.client] : [.client, .server] }
}

/// Why a certificate is no longer good.
///
/// - Source: RFC 5280, section 5.3.1, those that one authority of this kind can have.
package enum IdentityRevocationReason: String, Sendable, Hashable, CaseIterable, Codable {
  case keyCompromise
  case affiliationChanged
  case superseded
  case cessationOfOperation
  case privilegeWithdrawn
  case unspecified
}
