import Guomi
import Kernel
import Synchronization
import TestSupport
import Vault
import WireFormats

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
