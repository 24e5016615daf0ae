import Guomi
import Kernel
import TestSupport

@testable import Identities

/// A platform that issues identity certificates, with both authorities where a test does not want otherwise.
struct Desk {
  let fresh: Fresh
  let keys: SigningKeysInMemory
  let identities: Identities
  let random: SharedRandom

  init(
    _ backend: Backend = .sqlite, established: Bool = true, seed: UInt64 = 31, publicAddress: String? = nil
  ) async throws {
    keys = SigningKeysInMemory(seed: seed)
    fresh = try await Fresh.on(backend, [Identities.migrations])
    let random = SharedRandom(seed: 77)
    self.random = random
    identities = Identities(
      work: fresh.work, keys: keys, publicAddress: publicAddress, randomBytes: { random.bytes($0) })
    guard established else { return }
    for chain in IdentityChain.allCases {
      try approve(chain)
      _ = try await identities.establish(chain, by: principal)
    }
  }

  /// Somebody who may do everything and showed the second factor just now.
  var principal: Principal { fresh.principal() }

  var source: RandomSource {
    let random = random
    return RandomSource { random.bytes($0) }
  }

  /// What two custodians approve: the key service has a key for the authority.
  func approve(_ chain: IdentityChain, generation: Int = 1) throws {
    try keys.make(chain.purpose(generation: generation), algorithm: chain.algorithm, of: fresh.organisation)
  }

  func authority(_ chain: IdentityChain) async throws -> IdentityAuthority {
    try await identities.authority(chain, of: fresh.organisation)
  }

  func request(_ chain: IdentityChain, _ name: String, dnsNames: [String] = []) throws -> String {
    switch chain {
    case .tls: try TestRequests.tls(name, dnsNames: dnsNames)
    case .application:
      try SM2CertificateRequest(
        subject: try SM2Name([.init(.commonName, name)]), names: dnsNames.map { .dns($0) },
        key: try SM2.SigningKey.generate(random: source), random: source
      ).pem
    }
  }

  func issue(
    _ chain: IdentityChain, _ holder: String = "gate-01", profile: IdentityProfile = .device, dnsNames: [String] = [],
    request: String? = nil, days: Int? = nil
  ) async throws -> IdentityCertificate {
    // Ids of one millisecond have no order.
    fresh.clock.advance(by: .milliseconds(1))
    return try await identities.issue(
      NewIdentityCertificate(
        chain: chain, profile: profile, holder: holder, owner: "海清安防", dnsNames: dnsNames,
        request: try request ?? self.request(chain, holder, dnsNames: dnsNames), days: days),
      by: principal)
  }

  func verdict(_ certificate: IdentityCertificate, for usage: IdentityUsage = .client) async throws -> IdentityFault? {
    try await identities.verify(certificate.pem, for: usage, by: principal).fault
  }
}
