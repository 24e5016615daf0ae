import Guomi
package import Kernel
import Synchronization
package import Vault
import WireFormats

/// A key service in memory: real keys, no process. It can be told to be down.
package final class StandInKeys: KeySource {
  private struct State {
    var keys: [ID<DataKey>: (suite: Suite, secret: SecretBytes, organisation: [UInt8])] = [:]
    var current: [String: ID<DataKey>] = [:]
    var calls: [String] = []
    var failure: VaultError?
  }

  private let state = Mutex(State())
  private let random: SharedRandom

  package init(seed: UInt64 = 5) {
    random = SharedRandom(seed: seed)
  }

  /// What was asked, in order.
  package var calls: [String] { state.withLock { $0.calls } }

  /// Answers with this from now on; nil to work again.
  package func fail(_ error: VaultError?) { state.withLock { $0.failure = error } }

  /// The next lease is of another key.
  package func rotate() { state.withLock { $0.current = [:] } }

  /// Loses a key, as a key service does that was restored from too old a backup.
  package func lose(_ key: ID<DataKey>) { state.withLock { $0.keys[key] = nil } }

  /// Answers as the key service would.
  package func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame {
    let result = state.withLock { state -> Result<VaultFrame, VaultError> in
      if let failure = state.failure { return .failure(failure) }
      let operation = frame.body["op"]?.string ?? ""
      state.calls.append(operation)
      let organisation = frame.body["organisation"]?.byteString ?? []
      switch operation {
      case "key.lease":
        guard let suite = Suite(word: frame.body["suite"]?.string ?? "") else { return .failure(.malformed) }
        let name = "\(organisation) \(frame.body["purpose"]?.string ?? "") \(suite)"
        let id = state.current[name] ?? ID(high: random.next(), low: random.next())
        state.current[name] = id
        let secret = state.keys[id]?.secret ?? SecretBytes(copying: random.bytes(suite.dataKeyBytes))
        state.keys[id] = (suite, secret, organisation)
        return .success(
          VaultFrame([("key", .bytes(id.bytes)), ("count", frame.body["count"] ?? .null)], secret: secret))
      case "key.fetch":
        guard let id = frame.body["key"]?.byteString.flatMap({ ID<DataKey>(bytes: $0) }), let key = state.keys[id],
          key.organisation == organisation
        else { return .failure(.keyUnknown) }
        return .success(VaultFrame([("suite", .text(key.suite.word))], secret: key.secret))
      case "key.index":
        return .success(VaultFrame([("ok", .bool(true))], secret: SecretBytes(copying: organisation + organisation)))
      default: return .failure(.refused(code: "vault.operation", detail: ""))
      }
    }
    return try result.get()
  }
}

extension Vault {
  /// A vault over keys in memory, for tests of what seals and opens with one.
  ///
  /// - Parameter audit: told of each opening.
  package static func standIn(
    _ keys: StandInKeys = StandInKeys(), time: Timekeeper, seed: UInt64 = 9,
    audit: @escaping @Sendable (SealedOpening) async throws -> Void = { _ in }
  ) -> Vault {
    Vault(source: keys, random: RandomSource(bytes: SharedRandom(seed: seed).bytes), time: time, audit: audit)
  }
}
