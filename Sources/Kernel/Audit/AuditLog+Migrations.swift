package import SQLStore

extension AuditLog {
  /// The audit log's tables. Their keys are numbers alone, not led by the organisation: it is one order of all. Rows
  /// are only ever added; the store itself refuses anything else, but for the erasure of committed values.
  package static let migrations = SQLMigrations(
    context: "audit",
    steps: [.init(1, "audit log", sqlite: tables + sqliteGuards, postgres: tables + postgresGuards)])

  private static let tables = """
    CREATE TABLE audit_entry (
      sequence {serial},
      organisation {id} NOT NULL CONSTRAINT audit_organisation_length CHECK (length(organisation) = 16),
      id {id} NOT NULL UNIQUE,
      at {int} NOT NULL,
      principal {id} NOT NULL,
      verb {text} NOT NULL,
      kind {text} NOT NULL,
      resource {text} NOT NULL,
      outcome {text} NOT NULL,
      words {text} NOT NULL,
      body {text} NOT NULL
    ) {strict};
    CREATE INDEX audit_by_organisation ON audit_entry (organisation, sequence);
    CREATE INDEX audit_by_principal ON audit_entry (organisation, principal, sequence);
    CREATE INDEX audit_by_resource ON audit_entry (organisation, kind, resource, sequence);
    CREATE INDEX audit_by_time ON audit_entry (organisation, at);
    CREATE TABLE audit_personal (
      organisation {id} NOT NULL,
      entry {int} NOT NULL REFERENCES audit_entry (sequence),
      field {text} NOT NULL,
      subject {text},
      salt {blob} NOT NULL,
      value {text} NOT NULL,
      PRIMARY KEY (entry, field)
    ) {clustered};
    CREATE INDEX audit_personal_by_subject ON audit_personal (organisation, subject);
    CREATE TABLE audit_leaf (
      leaf {int} NOT NULL PRIMARY KEY,
      sequence {int} NOT NULL UNIQUE REFERENCES audit_entry (sequence),
      digest {blob} NOT NULL
    ) {strict};
    CREATE TABLE audit_node (
      level {int} NOT NULL,
      position {int} NOT NULL,
      digest {blob} NOT NULL,
      PRIMARY KEY (level, position)
    ) {clustered};
    CREATE TABLE audit_checkpoint (
      size {int} NOT NULL PRIMARY KEY,
      made_at {int} NOT NULL,
      note {text} NOT NULL
    ) {strict};
    CREATE TABLE audit_origin (
      one {int} NOT NULL PRIMARY KEY CHECK (one = 1),
      origin {text} NOT NULL
    ) {strict};
    CREATE TABLE audit_copy (
      place {text} NOT NULL PRIMARY KEY,
      size {int} NOT NULL
    ) {clustered};

    """

  private static let frozen = ["audit_entry", "audit_leaf", "audit_node", "audit_checkpoint", "audit_origin"]

  /// `INSERT OR REPLACE` deletes without asking the guard against deletion: the last kind of guard is against it.
  private static let sqliteGuards =
    (frozen + ["audit_personal"]).map { guardText($0, "UPDATE") }.joined()
    + frozen.map { guardText($0, "DELETE") }.joined()
    + [
      ("audit_entry", "sequence = NEW.sequence OR id = NEW.id"),
      ("audit_leaf", "leaf = NEW.leaf OR sequence = NEW.sequence"),
      ("audit_node", "level = NEW.level AND position = NEW.position"),
      ("audit_checkpoint", "size = NEW.size"),
      ("audit_origin", "one = NEW.one"),
      ("audit_personal", "entry = NEW.entry AND field = NEW.field"),
    ].map { table, same in
      guardText(table, "INSERT", when: "WHEN EXISTS (SELECT 1 FROM \(table) WHERE \(same)) ")
    }.joined()

  private static func guardText(_ table: String, _ act: String, when: String = "") -> String {
    """
    CREATE TRIGGER \(table)_no_\(act.lowercased()) BEFORE \(act) ON \(table) \(when)
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;

    """
  }

  private static let postgresGuards =
    """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'check_violation'; END $$;

    """
    + frozen.map { table in
      """
      CREATE TRIGGER \(table)_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON \(table)
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

      """
    }.joined() + """
      CREATE TRIGGER audit_personal_frozen BEFORE UPDATE OR TRUNCATE ON audit_personal
      FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
      """
}
