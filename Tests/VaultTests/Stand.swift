import Guomi
import Kernel
import Synchronization
import TestSupport
import Vault
import WireFormats

/// A key service in memory: real keys, no process. It can be told to be down.
final class StandInKeys: KeySource {
  struct State {
    var keys: [ID<DataKey>: (suite: Suite, secret: SecretBytes, organisation: [UInt8])] = [:]
    var current: [String: ID<DataKey>] = [:]
    var calls: [String] = []
    var failure: VaultError?
  }

  let state = Mutex(State())
  private let random = SharedRandom(seed: 5)

  var calls: [String] { state.withLock { $0.calls } }

  func fail(_ error: VaultError?) { state.withLock { $0.failure = error } }

  /// The next lease is of another key.
  func rotate() { state.withLock { $0.current = [:] } }

  func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame {
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

/// A vault over such keys, with its audit entries.
struct Stand {
  let keys = StandInKeys()
  let clock = ManualClock()
  let vault: Vault
  let entries: Entries
  let organisation = ID<Organisation>(high: 7, low: 8)

  final class Entries: Sendable {
    let list = Mutex<[SealedOpening]>([])
    let isBroken = Mutex(false)
    struct Broken: Error {}

    var all: [SealedOpening] { list.withLock { $0 } }

    func write(_ entry: SealedOpening) throws {
      if isBroken.withLock({ $0 }) { throw Broken() }
      list.withLock { $0.append(entry) }
    }
  }

  init(options: Vault.Options = .init()) {
    let entries = Entries()
    self.entries = entries
    vault = Vault(
      source: keys, random: RandomSource(bytes: SharedRandom(seed: 9).bytes), time: clock.timekeeper, options: options
    ) { entry in try entries.write(entry) }
  }

  func place(_ column: String = "phone", row: UInt8 = 1) -> SealedPlace {
    SealedPlace(organisation: organisation, table: "resident", column: column, row: [row])
  }

  func access(_ reason: String = "call about a leak", permissions: Set<Permission> = [.privacyOpen]) -> SealedAccess {
    SealedAccess(
      Principal(
        id: ID(high: 1, low: 1), kind: .person, organisation: organisation, name: "Test", permissions: permissions),
      reason: reason)
  }

  func sealed<Class: SealClass>(
    _ text: String, _: Class.Type = Class.self, at place: SealedPlace? = nil, record: RecordKey? = nil
  ) async throws -> Sealed<String, Class> {
    let sealer = try await vault.sealer(Class.self, organisation: organisation, purpose: "residents")
    return try sealer.seal(text, at: place ?? self.place(), record: record)
  }
}
