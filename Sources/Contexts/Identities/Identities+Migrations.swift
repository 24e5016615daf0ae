package import SQLStore

extension Identities {
  /// The tables of this context.
  package static let migrations = SQLMigrations(
    context: "identities",
    steps: [
      .init(
        1, "authorities of identity certificates, and what they issued",
        """
        CREATE TABLE identity_authority (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          chain {text} NOT NULL CHECK (chain IN ('tls', 'application')),
          certificate {blob} NOT NULL,
          established_at {int} NOT NULL,
          valid_until {int} NOT NULL CHECK (valid_until > established_at),
          revocations {int} NOT NULL CHECK (revocations >= 0),
          list {blob} NOT NULL,
          list_number {int} NOT NULL CHECK (list_number >= 1),
          list_made_at {int} NOT NULL,
          list_next_at {int} NOT NULL CHECK (list_next_at > list_made_at),
          list_revocations {int} NOT NULL CHECK (list_revocations BETWEEN 0 AND revocations),
          PRIMARY KEY (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX identity_authority_one_a_chain ON identity_authority (organisation, chain);
        CREATE UNIQUE INDEX identity_authority_by_id ON identity_authority (id);

        CREATE TABLE identity_certificate (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          authority {id} NOT NULL,
          chain {text} NOT NULL CHECK (chain IN ('tls', 'application')),
          profile {text} NOT NULL CHECK (profile IN ('device', 'system')),
          holder {text} NOT NULL,
          owner {text} NOT NULL,
          dns_names {text} NOT NULL,
          serial {text} NOT NULL,
          certificate {blob} NOT NULL,
          key_digest {blob} NOT NULL,
          issued_at {int} NOT NULL,
          valid_from {int} NOT NULL,
          valid_until {int} NOT NULL CHECK (valid_until > valid_from),
          revoked_at {int},
          reason {text},
          renews {id},
          PRIMARY KEY (organisation, id),
          FOREIGN KEY (organisation, authority) REFERENCES identity_authority (organisation, id),
          CHECK ((revoked_at IS NULL) = (reason IS NULL))
        ) {clustered};
        CREATE UNIQUE INDEX identity_certificate_serial ON identity_certificate (organisation, authority, serial);
        CREATE INDEX identity_certificate_by_key ON identity_certificate (organisation, authority, key_digest);
        CREATE INDEX identity_certificate_by_end ON identity_certificate (organisation, authority, valid_until);
        """),
      .init(
        2, "authorities that follow one another",
        """
        DROP INDEX identity_authority_one_a_chain;
        ALTER TABLE identity_authority ADD COLUMN generation {int} NOT NULL DEFAULT 1;
        ALTER TABLE identity_authority ADD COLUMN state {text} NOT NULL DEFAULT 'issuing'
          CONSTRAINT identity_authority_state CHECK (state IN ('next', 'issuing', 'superseded', 'retired'));
        CREATE UNIQUE INDEX identity_authority_generation ON identity_authority (organisation, chain, generation);
        CREATE UNIQUE INDEX identity_authority_issuing ON identity_authority (organisation, chain)
          WHERE state = 'issuing';
        CREATE UNIQUE INDEX identity_authority_next ON identity_authority (organisation, chain) WHERE state = 'next';
        DROP INDEX identity_certificate_by_key;
        CREATE INDEX identity_certificate_by_key ON identity_certificate (organisation, chain, key_digest);
        """),
    ])
}
