package import SQLStore

extension Accounts {
  /// The tables of this context. Keys begin with the organisation; sign-in names, session tokens and key handles are
  /// looked up before the organisation is known, so their indexes are of the whole installation: in a sharded
  /// PostgreSQL these are reference tables.
  package static let migrations = SQLMigrations(
    context: "accounts",
    steps: [
      .init(
        1, "accounts",
        """
        CREATE TABLE organisation (
          id {id} NOT NULL PRIMARY KEY,
          name {text} NOT NULL,
          created_at {int} NOT NULL
        ) {clustered};
        CREATE TABLE account (
          organisation {id} NOT NULL REFERENCES organisation (id),
          id {id} NOT NULL,
          name {text} NOT NULL,
          display_name {text} NOT NULL,
          role {text} NOT NULL
            CONSTRAINT account_role CHECK (role IN ('administrator', 'operator', 'guard', 'viewer')),
          is_active {int} NOT NULL CONSTRAINT account_is_active CHECK (is_active IN (0, 1)),
          password_hash {text} NOT NULL,
          failures {int} NOT NULL,
          locks {int} NOT NULL,
          locked_until {int},
          created_at {int} NOT NULL,
          version {int} NOT NULL,
          PRIMARY KEY (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX account_name ON account (name);
        CREATE TABLE session (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          account {id} NOT NULL,
          token_hash {blob} NOT NULL CONSTRAINT session_token_hash_length CHECK (length(token_hash) = 32),
          address {text} NOT NULL,
          opened_at {int} NOT NULL,
          used_at {int} NOT NULL,
          expires_at {int} NOT NULL,
          PRIMARY KEY (organisation, id),
          FOREIGN KEY (organisation, account) REFERENCES account (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX session_token ON session (token_hash);
        CREATE INDEX session_by_account ON session (organisation, account);
        CREATE TABLE api_key (
          organisation {id} NOT NULL REFERENCES organisation (id),
          id {id} NOT NULL,
          handle {text} NOT NULL,
          secret_hash {blob} NOT NULL CONSTRAINT api_key_secret_hash_length CHECK (length(secret_hash) = 32),
          name {text} NOT NULL,
          permissions {text} NOT NULL,
          created_by {id} NOT NULL,
          created_at {int} NOT NULL,
          expires_at {int},
          used_at {int},
          revoked_at {int},
          PRIMARY KEY (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX api_key_handle ON api_key (handle);
        """)
    ])
}
