import Kernel
import Vault
import WireFormats

/// The authorities' private keys, as far as this context goes: in the key service, which signs.
struct AuthorityKeys: Sendable {
  let source: any KeySource

  /// The public key of an authority, 65 bytes (X9.63).
  ///
  /// - Throws: `.authorityKeyMissing` while two custodians have not approved its making, `.keyService`.
  func publicKey(
    _ chain: IdentityChain, generation: Int, of organisation: ID<Organisation>
  ) async throws(IdentitiesError) -> [UInt8] {
    let answer = try await ask(.publicKey, chain, generation, organisation, [])
    guard let point = answer.body["public"]?.byteString else { throw .keyService(.malformed) }
    return point
  }

  /// A signature, DER.
  func sign(
    _ message: [UInt8], _ chain: IdentityChain, generation: Int, of organisation: ID<Organisation>
  ) async throws(IdentitiesError) -> [UInt8] {
    let answer = try await ask(.sign, chain, generation, organisation, [("message", .bytes(message))])
    guard let signature = answer.body["signature"]?.byteString else { throw .keyService(.malformed) }
    return signature
  }

  private func ask(
    _ operation: VaultOperation, _ chain: IdentityChain, _ generation: Int, _ organisation: ID<Organisation>,
    _ more: [(String, WireValue)]
  ) async throws(IdentitiesError) -> VaultFrame {
    do throws(VaultError) {
      return try await source.call(
        .call(
          operation,
          [
            ("organisation", .bytes(organisation.bytes)), ("purpose", .text(chain.purpose(generation: generation))),
            ("algorithm", .text(chain.algorithm)),
          ] + more))
    } catch {
      if case .refused("vault.quorum", _) = error { throw .authorityKeyMissing(chain, generation: generation) }
      throw .keyService(error)
    }
  }
}
