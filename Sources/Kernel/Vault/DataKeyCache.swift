import Guomi
import Kernel

/// Data keys in memory: a bounded number, each for a bounded time; what goes is wiped by its own type.
struct DataKeyCache {
  /// What a key for sealing is asked for.
  struct Lease: Hashable {
    let organisation: ID<Organisation>
    let purpose: String
    let suite: Suite
  }

  private struct Sealing {
    let key: ID<DataKey>
    var count: Int
    let until: Instant
  }

  private struct Entry {
    let material: DataKeyMaterial
    let organisation: ID<Organisation>
    let until: Instant
    var used: UInt64
  }

  private struct IndexName: Hashable {
    let organisation: ID<Organisation>
    let purpose: String
  }

  private let keysMax: Int
  private var entries: [ID<DataKey>: Entry] = [:]
  private var sealing: [Lease: Sealing] = [:]
  private var indices: [IndexName: (secret: SecretBytes, until: Instant)] = [:]
  private var clock: UInt64 = 0

  init(keysMax: Int) {
    self.keysMax = keysMax
  }

  var count: Int { entries.count }

  /// A key for so many values more; nil when another must be leased.
  mutating func take(_ name: Lease, count: Int, at now: Instant) -> DataKeyMaterial? {
    guard var lease = sealing[name] else { return nil }
    guard lease.count >= count, let material = material(lease.key, name.organisation, at: now), now < lease.until
    else {
      sealing[name] = nil
      return nil
    }
    lease.count -= count
    sealing[name] = lease
    return material
  }

  mutating func put(_ name: Lease, _ material: DataKeyMaterial, count: Int, until: Instant) {
    put(material, name.organisation, until: until)
    sealing[name] = Sealing(key: material.id, count: count, until: until)
  }

  /// A key for opening, unless it was kept too long.
  mutating func material(_ id: ID<DataKey>, _ organisation: ID<Organisation>, at now: Instant) -> DataKeyMaterial? {
    guard var entry = entries[id], entry.organisation == organisation else { return nil }
    guard now < entry.until else {
      entries[id] = nil
      return nil
    }
    clock += 1
    entry.used = clock
    entries[id] = entry
    return entry.material
  }

  mutating func put(_ material: DataKeyMaterial, _ organisation: ID<Organisation>, until: Instant) {
    clock += 1
    entries[material.id] = Entry(material: material, organisation: organisation, until: until, used: clock)
    guard entries.count > keysMax, let oldest = entries.min(by: { $0.value.used < $1.value.used }) else { return }
    entries[oldest.key] = nil
    sealing = sealing.filter { $0.value.key != oldest.key }
  }

  func index(_ organisation: ID<Organisation>, _ purpose: String, at now: Instant) -> SecretBytes? {
    guard let found = indices[IndexName(organisation: organisation, purpose: purpose)], now < found.until
    else { return nil }
    return found.secret
  }

  mutating func putIndex(_ organisation: ID<Organisation>, _ purpose: String, _ key: SecretBytes, until: Instant) {
    if indices.count >= keysMax { indices = [:] }
    indices[IndexName(organisation: organisation, purpose: purpose)] = (key, until)
  }
}
