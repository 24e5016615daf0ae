package import SQLStore

extension Journal {
  /// The journal's tables. Its key is the sequence number alone, not led by the organisation: it is one order of all.
  package static let migrations = SQLMigrations(
    context: "kernel",
    steps: [
      .init(
        1, "journal",
        """
        CREATE TABLE journal (
          sequence {serial},
          organisation {id} NOT NULL CONSTRAINT journal_organisation_length CHECK (length(organisation) = 16),
          at {int} NOT NULL,
          kind {text} NOT NULL,
          subject {text} NOT NULL,
          body {blob} NOT NULL
        ) {strict};
        CREATE INDEX journal_by_organisation ON journal (organisation, sequence);
        CREATE INDEX journal_by_kind ON journal (kind, sequence);
        CREATE TABLE journal_cursor (
          reader {text} NOT NULL PRIMARY KEY,
          sequence {int} NOT NULL
        ) {clustered};
        CREATE TABLE journal_parked (
          reader {text} NOT NULL,
          sequence {int} NOT NULL REFERENCES journal (sequence),
          attempts {int} NOT NULL,
          error {text} NOT NULL,
          parked_at {int} NOT NULL,
          PRIMARY KEY (reader, sequence)
        ) {clustered};
        """)
    ])
}
