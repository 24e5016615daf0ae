package import SQLStore

/// The key service's own tables, in its own SQLite file.
package enum KeyTables {
  package static let migrations = SQLMigrations(
    context: "keyservice",
    steps: [
      .init(
        1, "keys, custodians, callers, log",
        """
        CREATE TABLE vault_setting (name {text} NOT NULL PRIMARY KEY, value {blob} NOT NULL) {clustered};
        CREATE TABLE vault_kek (
          id {id} NOT NULL PRIMARY KEY,
          organisation {id} NOT NULL,
          purpose {text} NOT NULL,
          version {int} NOT NULL,
          state {text} NOT NULL,
          label {text} NOT NULL,
          sm4_wrapped {blob},
          made_at {int} NOT NULL,
          destroy_seconds {int},
          UNIQUE (organisation, purpose, version)
        ) {strict};
        CREATE UNIQUE INDEX vault_kek_primary ON vault_kek (organisation, purpose) WHERE state = 'primary';
        CREATE TABLE vault_key (
          id {id} NOT NULL PRIMARY KEY,
          organisation {id} NOT NULL,
          purpose {text} NOT NULL,
          kind {text} NOT NULL,
          version {int} NOT NULL,
          state {text} NOT NULL,
          kek {id} NOT NULL REFERENCES vault_kek (id),
          wrapped {blob},
          public_key {blob},
          check_value {blob} NOT NULL,
          uses {int} NOT NULL,
          made_at {int} NOT NULL,
          destroy_seconds {int},
          UNIQUE (organisation, purpose, kind, version)
        ) {strict};
        CREATE UNIQUE INDEX vault_key_primary ON vault_key (organisation, purpose, kind) WHERE state = 'primary';
        CREATE INDEX vault_key_by_kek ON vault_key (kek);
        CREATE TABLE vault_rotation (
          from_kek {id} NOT NULL PRIMARY KEY REFERENCES vault_kek (id),
          to_kek {id} NOT NULL REFERENCES vault_kek (id),
          moved {int} NOT NULL,
          begun_at {int} NOT NULL,
          done_at {int}
        ) {strict};
        CREATE TABLE vault_custodian (
          name {text} NOT NULL PRIMARY KEY,
          public_key {blob} NOT NULL UNIQUE,
          state {text} NOT NULL,
          enrolled_at {int} NOT NULL
        ) {clustered};
        CREATE TABLE vault_proposal (
          id {id} NOT NULL PRIMARY KEY,
          kind {text} NOT NULL,
          arguments {blob} NOT NULL,
          proposer {text} NOT NULL REFERENCES vault_custodian (name),
          proposed_at {int} NOT NULL,
          expires_at {int} NOT NULL,
          state {text} NOT NULL
        ) {strict};
        CREATE TABLE vault_approval (
          proposal {id} NOT NULL REFERENCES vault_proposal (id),
          custodian {text} NOT NULL REFERENCES vault_custodian (name),
          signature {blob} NOT NULL,
          approved_at {int} NOT NULL,
          PRIMARY KEY (proposal, custodian)
        ) {clustered};
        CREATE TABLE vault_caller (
          name {text} NOT NULL PRIMARY KEY,
          role {text} NOT NULL,
          token_hash {blob} NOT NULL
        ) {clustered};
        CREATE TABLE vault_log (
          sequence {serial},
          at {int} NOT NULL,
          caller {text} NOT NULL,
          user_id {int} NOT NULL,
          operation {text} NOT NULL,
          subject {text} NOT NULL,
          outcome {text} NOT NULL,
          hash {blob} NOT NULL
        ) {strict};
        CREATE TRIGGER vault_log_no_update BEFORE UPDATE ON vault_log
          BEGIN SELECT RAISE(ABORT, 'the log is append only'); END;
        CREATE TRIGGER vault_log_no_delete BEFORE DELETE ON vault_log
          BEGIN SELECT RAISE(ABORT, 'the log is append only'); END;
        """)
    ])
}

/// The states of a key.
package enum KeyState: String, Sendable, CaseIterable {
  /// Made, not used yet.
  case preActive = "pre-active"
  /// Seals and opens.
  case primary
  /// Opens what it sealed before.
  case decryptOnly = "decrypt-only"
  /// Does nothing, until two approvals enable it again.
  case disabled
  /// Does nothing, and is destroyed when its time is over; a custodian can still cancel that.
  case destroyPending = "destroy-pending"
  /// Gone for ever.
  case destroyed

  /// Whether what was sealed may be opened.
  var opens: Bool { self == .primary || self == .decryptOnly }
}

/// What a key is for: never more than one thing.
package enum KeyKind: String, Sendable, CaseIterable {
  case aesData = "data-aes"
  case sm4Data = "data-sm4"
  /// Blind indices by HMAC-SM3.
  case index
  case signP256 = "sign-p256"
  case signSM2 = "sign-sm2"
  /// Root of the keys of devices with a secure element.
  case deviceRoot = "device-root"
  /// Root of the keys of devices without.
  case deviceRootBare = "device-root-bare"

  /// Wrapped by the vault's SM4 key-encryption key; all others by the token itself.
  var isWrappedBySM4: Bool { self != .aesData && self != .signP256 }
}
