package import SQLStore

extension Accounts {
  /// The tables of this context. Keys begin with the organisation; sign-in names, session tokens and key handles are
  /// looked up before the organisation is known, so their indexes are of the whole installation: in a sharded
  /// PostgreSQL these are reference tables.
  package static let migrations = SQLMigrations(
    context: "accounts",
    steps: [
      .init(1, "accounts", accounts),
      .init(2, "roles somewhere for some time", roles),
      .init(3, "second factors, password history and resets", proofs),
      .init(4, "contacts and second factors that the vault seals", sealed),
    ])

  private static let accounts =
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
    """

  /// An account has one duty, and all its assignments that were not taken back have the same: the foreign key of
  /// three columns makes the four offices exclude one another and all business, whatever is committed at once.
  /// The former administrator becomes a system administrator.
  private static let roles =
    """
    ALTER TABLE account ADD COLUMN duty {text} CONSTRAINT account_duty
      CHECK (duty IN ('business', 'systemAdministrator', 'securityOfficer', 'keyCustodian', 'auditor'));
    UPDATE account SET duty = CASE role WHEN 'administrator' THEN 'systemAdministrator' ELSE 'business' END;
    CREATE UNIQUE INDEX account_duty_key ON account (organisation, id, duty);
    CREATE TABLE role_assignment (
      organisation {id} NOT NULL,
      id {id} NOT NULL,
      account {id} NOT NULL,
      role {text} NOT NULL CONSTRAINT role_assignment_role CHECK (role IN (
        'operator', 'leasing', 'finance', 'guard', 'maintenance', 'housingAuthority', 'enforcementOfficer', 'tenant',
        'vendor', 'viewer', 'systemAdministrator', 'securityOfficer', 'keyCustodian', 'auditor')),
      duty {text},
      scope {text} NOT NULL CONSTRAINT role_assignment_scope CHECK (scope IN ('organisation', 'project', 'building')),
      place {id},
      from_at {int} NOT NULL,
      until_at {int},
      granted_by {id} NOT NULL,
      granted_at {int} NOT NULL,
      revoked_by {id},
      revoked_at {int},
      PRIMARY KEY (organisation, id),
      FOREIGN KEY (organisation, account) REFERENCES account (organisation, id),
      CONSTRAINT role_assignment_duty_of_account
        FOREIGN KEY (organisation, account, duty) REFERENCES account (organisation, id, duty),
      CONSTRAINT role_assignment_place CHECK ((scope = 'organisation') = (place IS NULL)),
      CONSTRAINT role_assignment_time CHECK (until_at IS NULL OR until_at > from_at),
      CONSTRAINT role_assignment_bound CHECK ((duty IS NULL) = (revoked_at IS NOT NULL)),
      CONSTRAINT role_assignment_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
      CONSTRAINT role_assignment_duty CHECK (duty IS NULL OR duty = CASE
        WHEN role IN ('systemAdministrator', 'securityOfficer', 'keyCustodian', 'auditor') THEN role
        ELSE 'business' END),
      CONSTRAINT role_assignment_office CHECK (duty IS NULL OR duty = 'business' OR scope = 'organisation')
    ) {clustered};
    CREATE INDEX role_assignment_by_account ON role_assignment (organisation, account) WHERE revoked_at IS NULL;
    CREATE INDEX role_assignment_by_role ON role_assignment (organisation, role) WHERE revoked_at IS NULL;
    INSERT INTO role_assignment (organisation, id, account, role, duty, scope, from_at, granted_by, granted_at)
      SELECT organisation, id, id, CASE role WHEN 'administrator' THEN 'systemAdministrator' ELSE role END, duty,
        'organisation', created_at, id, created_at FROM account;
    ALTER TABLE account DROP COLUMN role;
    ALTER TABLE api_key ADD COLUMN scope {text} NOT NULL DEFAULT 'organisation'
      CONSTRAINT api_key_scope CHECK (scope IN ('organisation', 'project', 'building'));
    ALTER TABLE api_key ADD COLUMN place {id};
    ALTER TABLE api_key ADD COLUMN previous_hash {blob};
    ALTER TABLE api_key ADD COLUMN previous_until {int};
    """

  /// Secrets of second factors and contacts are sealed outside of the store; codes and tokens are here as hashes only.
  private static let proofs =
    """
    ALTER TABLE account ADD COLUMN must_change_password {int} NOT NULL DEFAULT 0
      CONSTRAINT account_must_change_password CHECK (must_change_password IN (0, 1));
    ALTER TABLE account ADD COLUMN contact {blob};
    ALTER TABLE session ADD COLUMN agent {text} NOT NULL DEFAULT '';
    ALTER TABLE session ADD COLUMN second_factor_at {int};
    CREATE TABLE password_history (
      organisation {id} NOT NULL,
      account {id} NOT NULL,
      set_at {int} NOT NULL,
      hash {text} NOT NULL,
      PRIMARY KEY (organisation, account, set_at),
      FOREIGN KEY (organisation, account) REFERENCES account (organisation, id)
    ) {clustered};
    CREATE TABLE second_factor (
      organisation {id} NOT NULL,
      account {id} NOT NULL,
      algorithm {text} NOT NULL CONSTRAINT second_factor_algorithm CHECK (algorithm IN ('SHA1', 'SHA256')),
      secret {blob} NOT NULL,
      made_at {int} NOT NULL,
      confirmed_at {int},
      last_step {int} NOT NULL,
      failures {int} NOT NULL,
      locks {int} NOT NULL,
      locked_until {int},
      PRIMARY KEY (organisation, account),
      FOREIGN KEY (organisation, account) REFERENCES account (organisation, id)
    ) {clustered};
    CREATE TABLE recovery_code (
      organisation {id} NOT NULL,
      account {id} NOT NULL,
      hash {blob} NOT NULL CONSTRAINT recovery_code_hash_length CHECK (length(hash) = 32),
      used_at {int},
      PRIMARY KEY (organisation, account, hash),
      FOREIGN KEY (organisation, account) REFERENCES account (organisation, id)
    ) {clustered};
    CREATE TABLE password_reset (
      organisation {id} NOT NULL,
      id {id} NOT NULL,
      account {id} NOT NULL,
      kind {text} NOT NULL CONSTRAINT password_reset_kind CHECK (kind IN ('invitation', 'reset')),
      token_hash {blob} NOT NULL CONSTRAINT password_reset_token_hash_length CHECK (length(token_hash) = 32),
      code_hash {blob},
      address {text} NOT NULL,
      attempts {int} NOT NULL,
      approved_by {id},
      approved_at {int},
      asked_at {int} NOT NULL,
      expires_at {int} NOT NULL,
      PRIMARY KEY (organisation, id),
      FOREIGN KEY (organisation, account) REFERENCES account (organisation, id)
    ) {clustered};
    CREATE UNIQUE INDEX password_reset_token ON password_reset (token_hash);
    CREATE INDEX password_reset_by_account ON password_reset (organisation, account);
    """

  /// Each contact with a blind index and a mask. Nobody could have a contact before. Second factors were sealed under a
  /// key that is no more: they are set up again, as the first act that needs one asks.
  private static let sealed =
    """
    ALTER TABLE account DROP COLUMN contact;
    DELETE FROM recovery_code;
    DELETE FROM second_factor;
    CREATE TABLE account_contact (
      organisation {id} NOT NULL,
      account {id} NOT NULL,
      kind {text} NOT NULL CONSTRAINT account_contact_kind CHECK (kind IN ('phone', 'mail')),
      sealed {blob} NOT NULL,
      search {blob} NOT NULL CONSTRAINT account_contact_search_length CHECK (length(search) = 16),
      masked {text} NOT NULL,
      made_at {int} NOT NULL,
      verified_at {int},
      PRIMARY KEY (organisation, account, kind),
      FOREIGN KEY (organisation, account) REFERENCES account (organisation, id)
    ) {clustered};
    CREATE INDEX account_contact_by_search ON account_contact (organisation, search);
    """
}
