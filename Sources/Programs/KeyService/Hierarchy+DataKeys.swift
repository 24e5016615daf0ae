import Guomi
import Kernel
import SQLStore
import Vault

/// When a data key gives way to the next.
package enum DataKeyLife {
  /// A data key seals for so long.
  package static let days = 90
  /// … and so many records at most: 2^28.
  package static let usesMax: Int64 = 1 << 28
  /// The most uses of one lease.
  package static let leaseMax: Int64 = 1 << 21
}

extension Hierarchy {
  /// A data key to seal with, for so many records; the next version when the primary one is worn out.
  func lease(
    _ organisation: ID<Organisation>, _ purpose: String, _ suite: Suite, count: Int64
  ) throws -> (key: KeyRow, secret: SecretBytes) {
    guard (1...DataKeyLife.leaseMax).contains(count) else {
      throw VaultError.tooLarge(bytes: Int(count), max: Int(DataKeyLife.leaseMax))
    }
    let kind: KeyKind = suite == .aes256GCM ? .aesData : .sm4Data
    var found = try primary(organisation, purpose, kind)
    if let old = found, isWornOut(old, count) {
      try sql.execute("UPDATE vault_key SET state = 'decrypt-only' WHERE id = \(old.id)")
      found = nil
    }
    let key = try found
      ?? makeKey(organisation, purpose, kind, secret: try random.secret(suite.dataKeyBytes))
    try sql.execute("UPDATE vault_key SET uses = uses + \(count) WHERE id = \(key.id)")
    return (key, try unwrap(key))
  }

  /// Too old or too much used. A clock that was set back makes a key live longer by that, and no less safe a count.
  private func isWornOut(_ key: KeyRow, _ count: Int64) -> Bool {
    key.uses + count > DataKeyLife.usesMax
      || now >= key.madeAt.advanced(by: .seconds(DataKeyLife.days * 86_400))
  }

  /// A data key to open with.
  ///
  /// - Throws: `.keyUnknown`, also for another organisation's; `.keyUnusable`.
  func fetch(_ organisation: ID<Organisation>, _ id: ID<DataKey>) throws -> (suite: Suite, secret: SecretBytes) {
    let key = try key(id)
    guard key.organisation == organisation else { throw VaultError.keyUnknown }
    let suite: Suite
    switch key.kind {
    case .aesData: suite = .aes256GCM
    case .sm4Data: suite = .sm4GCM
    default: throw VaultError.keyUnknown
    }
    return (suite, try usable(key))
  }

  /// The bytes of a key that may be used, it and its key-encryption key.
  func usable(_ key: KeyRow) throws -> SecretBytes {
    guard key.state.opens else { throw VaultError.keyUnusable(state: key.state.rawValue) }
    let kek = try kek(key.kek)
    guard kek.state.opens || kek.state == .preActive else { throw VaultError.keyUnusable(state: kek.state.rawValue) }
    return try unwrap(key)
  }

  /// The key of blind indices: made once, never rotated by itself, since an index under a new key finds nothing old.
  func index(_ organisation: ID<Organisation>, _ purpose: String) throws -> SecretBytes {
    let key = try primary(organisation, purpose, .index)
      ?? makeKey(organisation, purpose, .index, secret: try random.secret(32))
    return try usable(key)
  }
}

// MARK: states

extension Hierarchy {
  /// Stops a key at once: for an emergency, so one custodian is enough.
  func disable(_ id: ID<DataKey>) throws {
    let changed = try sql.execute(
      """
      UPDATE vault_key SET state = 'disabled' WHERE id = \(id) AND state IN ('primary', 'decrypt-only', 'pre-active')
      """)
    guard changed == 1 else { throw VaultError.keyUnusable(state: try key(id).state.rawValue) }
    memory.forget(id)
  }

  /// Lets a disabled key open again; it does not seal any more.
  func enable(_ id: ID<DataKey>) throws {
    let changed = try sql.execute(
      "UPDATE vault_key SET state = 'decrypt-only' WHERE id = \(id) AND state = 'disabled'")
    guard changed == 1 else { throw VaultError.keyUnusable(state: try key(id).state.rawValue) }
  }

  /// Stops a key and sets the time after which it is destroyed.
  ///
  /// - Parameter days: 7 to 30.
  func planDestruction(_ id: ID<DataKey>, days: Int64) throws {
    guard (7...30).contains(days) else {
      throw VaultError.refused(code: "vault.days", detail: "A key waits 7 to 30 days for its destruction.")
    }
    let changed = try sql.execute(
      """
      UPDATE vault_key SET state = 'destroy-pending', destroy_seconds = \(days * 86_400)
      WHERE id = \(id) AND state NOT IN ('destroy-pending', 'destroyed')
      """)
    guard changed == 1 else { throw VaultError.keyUnusable(state: try key(id).state.rawValue) }
    memory.forget(id)
  }

  /// Takes a planned destruction back; the key is disabled then.
  func cancelDestruction(_ id: ID<DataKey>) throws {
    let changed = try sql.execute(
      """
      UPDATE vault_key SET state = 'disabled', destroy_seconds = NULL WHERE id = \(id) AND state = 'destroy-pending'
      """)
    guard changed == 1 else { throw VaultError.keyUnusable(state: try key(id).state.rawValue) }
  }

  /// Counts waiting time down and destroys what has waited long enough. One call counts an hour at most, so that a
  /// clock that jumps, or a long stand-still, destroys nothing early.
  ///
  /// - Returns: the keys that are destroyed now.
  func count(seconds: Int64) throws -> [ID<DataKey>] {
    let step = min(max(0, seconds), 3_600)
    try sql.execute(
      "UPDATE vault_key SET destroy_seconds = destroy_seconds - \(step) WHERE state = 'destroy-pending'")
    let due = try sql.rows("SELECT id FROM vault_key WHERE state = 'destroy-pending' AND destroy_seconds <= 0")
    return try due.map { row in
      let id: ID<DataKey> = try row.id("id")
      try sql.execute(
        "UPDATE vault_key SET state = 'destroyed', wrapped = NULL, destroy_seconds = NULL WHERE id = \(id)")
      memory.forget(id)
      return id
    }
  }
}
