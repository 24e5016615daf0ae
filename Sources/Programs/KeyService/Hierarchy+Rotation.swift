import Kernel
import SQLStore
import Vault

/// A change of key-encryption keys while everything goes on: begun in one transaction, keys moved batch by batch, ended
/// in another. Whatever it is stopped by, each key is at each moment wrapped under exactly one key-encryption key that
/// is there; starting again goes on where it stopped.
extension Hierarchy {
  /// Keys that are wrapped anew in one transaction.
  static let batchMax = 64

  /// Begins a rotation.
  ///
  /// - Throws: `.refused` while another one of the same purpose runs, `.keyUnknown` when there is nothing to rotate.
  func beginRotation(_ organisation: ID<Organisation>, _ purpose: String) throws {
    let running = try sql.row(
      """
      SELECT 1 AS one FROM vault_rotation JOIN vault_kek ON vault_kek.id = from_kek
      WHERE done_at IS NULL AND organisation = \(organisation) AND purpose = \(purpose)
      """)
    guard running == nil else {
      throw VaultError.refused(code: "vault.rotating", detail: "A rotation of this purpose runs already.")
    }
    let old = try sql.row(
      """
      SELECT * FROM vault_kek
      WHERE organisation = \(organisation) AND purpose = \(purpose) AND state = 'primary'
      """)
    guard let old = try old.map({ try KEK($0) }) else { throw VaultError.keyUnknown }
    let new = try makeKEK(
      organisation, purpose, version: try nextKEKVersion(organisation, purpose), state: .preActive)
    try sql.execute(
      """
      INSERT INTO vault_rotation (from_kek, to_kek, moved, begun_at) VALUES (\(old.id), \(new.id), 0, \(now))
      """)
    try reach(.rotationBegun)
  }

  /// One step of the oldest rotation that is not done.
  ///
  /// - Returns: false when there is none.
  func stepRotation() throws -> Bool {
    let found = try sql.row("SELECT * FROM vault_rotation WHERE done_at IS NULL ORDER BY begun_at LIMIT 1")
    guard let found else { return false }
    let (old, new) = (try kek(try found.id("from_kek")), try kek(try found.id("to_kek")))
    let keys = try sql.rows(
      """
      SELECT * FROM vault_key WHERE kek = \(old.id) AND wrapped IS NOT NULL ORDER BY id LIMIT \(Self.batchMax)
      """
    ).map { try KeyRow($0) }
    for key in keys {
      // Not from memory: what is moved must be what the old wrapping really holds.
      memory.forget(key.id)
      let secret = try unwrap(key)
      guard Self.checkValue(secret) == key.checkValue else { throw VaultError.notAuthentic }
      let wrapped = try wrap(secret, key, under: new)
      try sql.execute("UPDATE vault_key SET kek = \(new.id), wrapped = \(wrapped) WHERE id = \(key.id)")
      if !key.state.opens { memory.forget(key.id) }
      try reach(.keyRewrapped)
    }
    try sql.execute("UPDATE vault_rotation SET moved = moved + \(keys.count) WHERE from_kek = \(old.id)")
    guard keys.count < Self.batchMax else { return true }
    // What was destroyed has no bytes to move; it follows so that nothing points to the old one.
    try sql.execute("UPDATE vault_key SET kek = \(new.id) WHERE kek = \(old.id)")
    try sql.execute("UPDATE vault_kek SET state = 'decrypt-only' WHERE id = \(old.id)")
    try sql.execute("UPDATE vault_kek SET state = 'primary' WHERE id = \(new.id)")
    try sql.execute("UPDATE vault_rotation SET done_at = \(now) WHERE from_kek = \(old.id)")
    try reach(.rotationEnding)
    return true
  }

  /// Key-encryption keys that are due for their yearly rotation.
  func rotationsDue() throws -> [(organisation: ID<Organisation>, purpose: String)] {
    let before = now.advanced(by: .seconds(-365 * 86_400))
    let rows = try sql.rows(
      """
      SELECT organisation, purpose FROM vault_kek WHERE state = 'primary' AND made_at < \(before)
        AND NOT EXISTS (SELECT 1 FROM vault_rotation WHERE from_kek = vault_kek.id AND done_at IS NULL)
      """)
    return try rows.map { (try $0.id("organisation"), try $0.text("purpose")) }
  }

  /// Plans the destruction of a key-encryption key that wraps nothing any more.
  func planDestruction(kek id: ID<KEK>, days: Int64) throws {
    guard (7...30).contains(days) else {
      throw VaultError.refused(code: "vault.days", detail: "A key waits 7 to 30 days for its destruction.")
    }
    let used = try sql.row("SELECT 1 AS one FROM vault_key WHERE kek = \(id) AND wrapped IS NOT NULL LIMIT 1")
    let kek = try kek(id)
    guard used == nil, kek.state == .decryptOnly || kek.state == .disabled else {
      throw VaultError.keyUnusable(state: used == nil ? kek.state.rawValue : "in use")
    }
    try sql.execute(
      "UPDATE vault_kek SET state = 'destroy-pending', destroy_seconds = \(days * 86_400) WHERE id = \(id)")
  }

  /// Counts down like `count`; the token's keys are destroyed after the commit, by their labels.
  func countKEKs(seconds: Int64) throws -> [String] {
    let step = min(max(0, seconds), 3_600)
    try sql.execute(
      "UPDATE vault_kek SET destroy_seconds = destroy_seconds - \(step) WHERE state = 'destroy-pending'")
    try sql.execute(
      """
      UPDATE vault_kek SET state = 'destroyed', sm4_wrapped = NULL
      WHERE state = 'destroy-pending' AND destroy_seconds <= 0
        AND NOT EXISTS (SELECT 1 FROM vault_key WHERE kek = vault_kek.id AND wrapped IS NOT NULL)
      """)
    // `destroy_seconds` stays until the token's key is gone too, so that a crash in between is made good.
    return try sql.rows(
      "SELECT label FROM vault_kek WHERE state = 'destroyed' AND destroy_seconds IS NOT NULL"
    ).map { try $0.text("label") }
  }

  /// The token's keys are gone.
  func destroyed(labels: [String]) throws {
    try sql.execute("UPDATE vault_kek SET destroy_seconds = NULL WHERE label IN \(list: labels)")
  }
}
