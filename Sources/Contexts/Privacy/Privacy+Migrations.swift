package import SQLStore

extension Privacy {
  /// The tables of this context. Lines of the consent ledger are never changed, the store refuses it; what of them is
  /// personal stands beside them and can be erased.
  package static let migrations = SQLMigrations(
    context: "privacy",
    steps: [
      .init(1, "consents", sqlite: consents + sqliteGuard, postgres: consents + postgresGuard),
      .init(2, "requests, holds, erasures and copies", requests),
      .init(3, "retention", retention),
    ])

  private static let consents =
    """
    CREATE TABLE privacy_text (
      organisation {id} NOT NULL,
      purpose {text} NOT NULL,
      version {int} NOT NULL,
      zh {text} NOT NULL,
      en {text} NOT NULL,
      shown_at {int} NOT NULL,
      PRIMARY KEY (organisation, purpose, version)
    ) {clustered};
    CREATE TABLE privacy_consent (
      organisation {id} NOT NULL,
      subject {id} NOT NULL,
      number {int} NOT NULL CONSTRAINT privacy_consent_number CHECK (number >= 1),
      purpose {text} NOT NULL,
      version {int} NOT NULL,
      act {text} NOT NULL CONSTRAINT privacy_consent_act CHECK (act IN ('grant', 'withdraw')),
      by_whom {text} NOT NULL CONSTRAINT privacy_consent_by CHECK (by_whom IN ('oneself', 'guardian', 'erasure')),
      principal {id} NOT NULL,
      at {int} NOT NULL,
      language {text} NOT NULL,
      channel {text} NOT NULL,
      PRIMARY KEY (organisation, subject, number),
      FOREIGN KEY (organisation, purpose, version) REFERENCES privacy_text (organisation, purpose, version)
    ) {clustered};
    CREATE INDEX privacy_consent_by_time ON privacy_consent (organisation, at);
    CREATE TABLE privacy_consent_origin (
      organisation {id} NOT NULL,
      subject {id} NOT NULL,
      number {int} NOT NULL,
      address {text} NOT NULL,
      agent {text} NOT NULL,
      PRIMARY KEY (organisation, subject, number)
    ) {clustered};
    CREATE TABLE privacy_ward (
      organisation {id} NOT NULL,
      subject {id} NOT NULL,
      guardian {id} NOT NULL,
      child_until {text} NOT NULL,
      minor_until {text} NOT NULL,
      declared_at {int} NOT NULL,
      PRIMARY KEY (organisation, subject),
      CONSTRAINT privacy_ward_other CHECK (guardian <> subject)
    ) {clustered};

    """

  private static let sqliteGuard =
    """
    CREATE TRIGGER privacy_consent_no_update BEFORE UPDATE ON privacy_consent
    BEGIN SELECT RAISE(ABORT, 'the consent ledger is only added to'); END;
    CREATE TRIGGER privacy_text_no_update BEFORE UPDATE ON privacy_text
    BEGIN SELECT RAISE(ABORT, 'a text that was shown is not changed'); END;
    """

  private static let postgresGuard =
    """
    CREATE FUNCTION privacy_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the consent ledger is only added to' USING ERRCODE = 'check_violation'; END $$;
    CREATE TRIGGER privacy_consent_frozen BEFORE UPDATE ON privacy_consent
    FOR EACH STATEMENT EXECUTE FUNCTION privacy_refuse();
    CREATE TRIGGER privacy_text_frozen BEFORE UPDATE ON privacy_text
    FOR EACH STATEMENT EXECUTE FUNCTION privacy_refuse();
    """

  private static let requests =
    """
    CREATE TABLE privacy_request (
      organisation {id} NOT NULL,
      id {id} NOT NULL,
      subject {id} NOT NULL,
      kind {text} NOT NULL
        CONSTRAINT privacy_request_kind CHECK (kind IN ('export', 'correction', 'erasure', 'restriction')),
      state {text} NOT NULL CONSTRAINT privacy_request_state CHECK (
        state IN ('received', 'verified', 'running', 'held', 'done', 'refused', 'withdrawn')),
      received_at {int} NOT NULL,
      deadline_at {int} NOT NULL,
      done_at {int},
      reason {text} NOT NULL,
      progress {int} NOT NULL CONSTRAINT privacy_request_progress CHECK (progress BETWEEN 0 AND 100),
      version {int} NOT NULL,
      idempotency_key {text},
      PRIMARY KEY (organisation, id),
      CONSTRAINT privacy_request_done CHECK ((done_at IS NULL) = (state IN ('received', 'verified', 'running', 'held')))
    ) {clustered};
    CREATE INDEX privacy_request_by_subject ON privacy_request (organisation, subject, id);
    CREATE UNIQUE INDEX privacy_request_open ON privacy_request (organisation, subject, kind) WHERE done_at IS NULL;
    CREATE UNIQUE INDEX privacy_request_key ON privacy_request (organisation, subject, idempotency_key)
      WHERE idempotency_key IS NOT NULL;
    CREATE INDEX privacy_request_working ON privacy_request (kind, state) WHERE done_at IS NULL;
    CREATE TABLE privacy_request_content (
      organisation {id} NOT NULL,
      request {id} NOT NULL,
      sealed {blob} NOT NULL,
      PRIMARY KEY (organisation, request),
      FOREIGN KEY (organisation, request) REFERENCES privacy_request (organisation, id)
    ) {clustered};
    CREATE TABLE privacy_request_step (
      organisation {id} NOT NULL,
      request {id} NOT NULL,
      number {int} NOT NULL,
      act {text} NOT NULL,
      at {int} NOT NULL,
      by_name {text},
      note {text} NOT NULL,
      PRIMARY KEY (organisation, request, number),
      FOREIGN KEY (organisation, request) REFERENCES privacy_request (organisation, id)
    ) {clustered};
    CREATE TABLE privacy_hold (
      organisation {id} NOT NULL,
      id {id} NOT NULL,
      subject {id} NOT NULL,
      reason {text} NOT NULL CONSTRAINT privacy_hold_reason CHECK (length(reason) > 0),
      basis {text} NOT NULL CONSTRAINT privacy_hold_basis CHECK (length(basis) > 0),
      placed_by {text} NOT NULL,
      placed_at {int} NOT NULL,
      until_at {int},
      released_at {int},
      PRIMARY KEY (organisation, id)
    ) {clustered};
    CREATE INDEX privacy_hold_by_subject ON privacy_hold (organisation, subject) WHERE released_at IS NULL;
    CREATE TABLE privacy_erasure (
      organisation {id} NOT NULL,
      request {id} NOT NULL,
      position {int} NOT NULL,
      context {text} NOT NULL,
      row_count {int} NOT NULL,
      kept {text} NOT NULL,
      done_at {int},
      PRIMARY KEY (organisation, request, position),
      FOREIGN KEY (organisation, request) REFERENCES privacy_request (organisation, id)
    ) {clustered};
    CREATE TABLE privacy_erased (
      organisation {id} NOT NULL,
      subject {id} NOT NULL,
      request {id} NOT NULL,
      at {int} NOT NULL,
      key_destroyed {int} NOT NULL CONSTRAINT privacy_erased_key CHECK (key_destroyed IN (0, 1)),
      PRIMARY KEY (organisation, subject)
    ) {clustered};
    CREATE TABLE privacy_restriction (
      organisation {id} NOT NULL,
      subject {id} NOT NULL,
      request {id} NOT NULL,
      since {int} NOT NULL,
      PRIMARY KEY (organisation, subject)
    ) {clustered};
    CREATE TABLE privacy_export (
      organisation {id} NOT NULL,
      request {id} NOT NULL,
      position {int} NOT NULL,
      context {text} NOT NULL,
      cursor {text},
      parts {int} NOT NULL,
      done_at {int},
      PRIMARY KEY (organisation, request, position),
      FOREIGN KEY (organisation, request) REFERENCES privacy_request (organisation, id)
    ) {clustered};
    CREATE TABLE privacy_export_part (
      organisation {id} NOT NULL,
      request {id} NOT NULL,
      position {int} NOT NULL,
      number {int} NOT NULL,
      sealed {blob} NOT NULL,
      made_at {int} NOT NULL,
      PRIMARY KEY (organisation, request, position, number),
      FOREIGN KEY (organisation, request) REFERENCES privacy_request (organisation, id)
    ) {clustered};
    CREATE TABLE privacy_link (
      token_hash {blob} NOT NULL PRIMARY KEY CONSTRAINT privacy_link_hash_length CHECK (length(token_hash) = 32),
      organisation {id} NOT NULL,
      request {id} NOT NULL,
      ends_at {int} NOT NULL,
      left_count {int} NOT NULL CONSTRAINT privacy_link_left CHECK (left_count >= 0),
      FOREIGN KEY (organisation, request) REFERENCES privacy_request (organisation, id)
    ) {clustered};
    """

  private static let retention =
    """
    CREATE TABLE privacy_run (
      organisation {id} NOT NULL,
      id {id} NOT NULL,
      is_dry {int} NOT NULL CONSTRAINT privacy_run_is_dry CHECK (is_dry IN (0, 1)),
      started_at {int} NOT NULL,
      done_at {int},
      PRIMARY KEY (organisation, id)
    ) {clustered};
    CREATE UNIQUE INDEX privacy_run_open ON privacy_run (organisation, is_dry) WHERE done_at IS NULL;
    CREATE TABLE privacy_run_task (
      organisation {id} NOT NULL,
      run {id} NOT NULL,
      position {int} NOT NULL,
      context {text} NOT NULL,
      retention {text} NOT NULL,
      before_at {int} NOT NULL,
      cursor {text},
      due {int} NOT NULL,
      held {int} NOT NULL,
      done_at {int},
      PRIMARY KEY (organisation, run, position),
      FOREIGN KEY (organisation, run) REFERENCES privacy_run (organisation, id)
    ) {clustered};
    """
}
