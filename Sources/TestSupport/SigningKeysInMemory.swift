import Crypto
import Guomi
package import Kernel
import Synchronization
package import Vault
import WireFormats

/// A key service that signs, in memory: real keys, no process. It makes an authority's key when it is told to, as two
/// custodians tell the real one, and it can be told to be down.
package final class SigningKeysInMemory: KeySource {
  private enum Key {
    case p256(P256.Signing.PrivateKey)
    case sm2(SM2.SigningKey)
  }

  private struct State: ~Copyable {
    var keys: [String: Key] = [:]
    var failure: VaultError?
    var signaturesCount = 0
  }

  private let state = Mutex(State())
  private let random: SharedRandom

  /// How many signatures it gave.
  package var signaturesCount: Int { state.withLock { $0.signaturesCount } }

  package init(seed: UInt64 = 31) {
    random = SharedRandom(seed: seed)
  }

  /// What it answers from now on instead; nil to answer again.
  package func fail(_ error: VaultError?) { state.withLock { $0.failure = error } }

  /// Makes the key of a purpose, or another one in its place.
  package func make(_ purpose: String, algorithm: String, of organisation: ID<Organisation>) throws {
    let key: Key =
      algorithm == "p256" ? .p256(P256.Signing.PrivateKey()) : .sm2(try SM2.SigningKey.generate(random: source))
    state.withLock { $0.keys["\(organisation) \(purpose) \(algorithm)"] = key }
  }

  private var source: RandomSource {
    let random = random
    return RandomSource { random.bytes($0) }
  }

  package func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame {
    let source = source
    let result = state.withLock { state -> Result<VaultFrame, VaultError> in
      if let failure = state.failure { return .failure(failure) }
      guard let organisation = frame.body["organisation"]?.byteString.flatMap({ ID<Organisation>(bytes: $0) }),
        let purpose = frame.body["purpose"]?.string, let algorithm = frame.body["algorithm"]?.string
      else { return .failure(.malformed) }
      guard let key = state.keys["\(organisation) \(purpose) \(algorithm)"] else {
        return .failure(.refused(code: "vault.quorum", detail: "An authority's key is made with two approvals."))
      }
      switch frame.body["op"]?.string {
      case "sign.public": return .success(VaultFrame([("public", .bytes(Self.point(key)))]))
      case "sign":
        state.signaturesCount += 1
        guard let signature = try? Self.sign(frame.body["message"]?.byteString ?? [], key, source) else {
          return .failure(.malformed)
        }
        return .success(VaultFrame([("signature", .bytes(signature))]))
      default: return .failure(.refused(code: "vault.operation", detail: "It only signs."))
      }
    }
    return try result.get()
  }

  private static func point(_ key: Key) -> [UInt8] {
    switch key {
    case .p256(let key): Array(key.publicKey.x963Representation)
    case .sm2(let key): key.verifyingKey.point.x963
    }
  }

  private static func sign(_ message: [UInt8], _ key: Key, _ random: RandomSource) throws -> [UInt8] {
    switch key {
    case .p256(let key): Array(try key.signature(for: message).derRepresentation)
    case .sm2(let key): try key.sign(message, random: random).der
    }
  }
}
