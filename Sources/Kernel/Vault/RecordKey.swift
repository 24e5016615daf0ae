package import Kernel
package import SQLStore

/// What makes one person's values readable, and whose destruction makes all of them unreadable at once: the salt that
/// their keys are derived with. It stands in a table of its own; ciphertexts do not carry it.
///
/// A backup of the business store from before the erasure still has the salt: backups have to age out, as their
/// retention says (docs/key-service.md).
/// - Source: GB/T 35273, deletion; clause 9.3 d.
package struct RecordKey: Sendable, Hashable {
  let salt: [UInt8]
}

extension RecordKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "‹record key›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The tables of record keys; in the business store.
package enum RecordKeys {
  package static let migrations = SQLMigrations(
    context: "vault",
    steps: [
      .init(
        1, "record keys",
        """
        CREATE TABLE record_key (
          organisation {id} NOT NULL CONSTRAINT record_key_organisation_length CHECK (length(organisation) = 16),
          subject {blob} NOT NULL,
          salt {blob} CONSTRAINT record_key_salt_length CHECK (salt IS NULL OR length(salt) = 16),
          made_at {int} NOT NULL,
          destroyed_at {int},
          PRIMARY KEY (organisation, subject),
          CONSTRAINT record_key_gone CHECK ((salt IS NULL) = (destroyed_at IS NOT NULL))
        ) {clustered};
        """)
    ])
}

extension Unit {
  /// The record key of a person, made when there is none.
  ///
  /// - Parameters:
  ///   - subject: the person's id.
  ///   - salt: sixteen fresh random bytes (`Vault.newSalt`), taken when one is made.
  /// - Throws: `VaultError.erased` after `destroyRecordKey`, for ever: nothing new is sealed for an erased person.
  package func recordKey(
    organisation: ID<Organisation>, subject: [UInt8], salt: [UInt8]
  ) throws -> RecordKey {
    precondition(salt.count == SealedLayout.saltBytes, "a salt has 16 bytes")
    try sql.execute(
      """
      INSERT INTO record_key (organisation, subject, salt, made_at)
      VALUES (\(organisation), \(subject), \(salt), \(now)) ON CONFLICT (organisation, subject) DO NOTHING
      """)
    return try sql.recordKey(organisation: organisation, subject: subject)
  }

  /// Destroys a person's record key: all that was sealed with it is unreadable from this commit on, and none is ever
  /// made again for that person.
  ///
  /// - Returns: false when there was none to destroy.
  @discardableResult
  package func destroyRecordKey(organisation: ID<Organisation>, subject: [UInt8]) throws -> Bool {
    let count = try sql.execute(
      """
      UPDATE record_key SET salt = NULL, destroyed_at = \(now)
      WHERE organisation = \(organisation) AND subject = \(subject) AND salt IS NOT NULL
      """)
    guard count == 0 else { return true }
    try sql.execute(
      """
      INSERT INTO record_key (organisation, subject, salt, made_at, destroyed_at)
      VALUES (\(organisation), \(subject), NULL, \(now), \(now)) ON CONFLICT (organisation, subject) DO NOTHING
      """)
    return false
  }
}

extension SQLConnection {
  /// The record key of a person.
  ///
  /// - Throws: `VaultError.erased` when it was destroyed, `.keyUnknown` when there never was one.
  package func recordKey(organisation: ID<Organisation>, subject: [UInt8]) throws -> RecordKey {
    let found = try row(
      "SELECT salt FROM record_key WHERE organisation = \(organisation) AND subject = \(subject)")
    guard let found else { throw VaultError.keyUnknown }
    guard let salt = try found.optionalBlob("salt") else { throw VaultError.erased }
    return RecordKey(salt: salt)
  }
}
