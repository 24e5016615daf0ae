import Kernel
import SQLStore
import Vault

/// A contact's row.
struct StoredContact: Sendable {
  let account: ID<Principal>
  let organisation: ID<Organisation>
  let sealed: Sealed<String, Important>
  let index: BlindIndex
  let shown: AccountContact
}

extension SQLConnection {
  private static let contactColumns: SQL = "organisation, account, kind, sealed, search, masked, made_at, verified_at"

  /// Of an account, telephone number first.
  func contacts(of account: ID<Principal>, _ organisation: ID<Organisation>) throws -> [StoredContact] {
    try rows(
      """
      SELECT \(Self.contactColumns) FROM account_contact
      WHERE organisation = \(organisation) AND account = \(account) ORDER BY kind DESC
      """
    ).map { try StoredContact($0) }
  }

  /// Where a code is sent: the contact that was verified last.
  func verifiedContact(of account: ID<Principal>, _ organisation: ID<Organisation>) throws -> StoredContact? {
    try contacts(of: account, organisation).filter { $0.shown.verifiedAt != nil }
      .max { ($0.shown.verifiedAt ?? $0.shown.since) < ($1.shown.verifiedAt ?? $1.shown.since) }
  }

  /// The accounts with a contact, by its blind index; a number may be of several.
  func holders(
    of index: BlindIndex, _ kind: ContactKind, _ organisation: ID<Organisation>, limit: Int
  ) throws -> [ContactHolder] {
    try rows(
      """
      SELECT c.account, c.kind, c.masked, c.made_at, c.verified_at, a.name, a.display_name FROM account_contact c
      JOIN account a ON a.organisation = c.organisation AND a.id = c.account
      WHERE c.organisation = \(organisation) AND c.search = \(index) AND c.kind = \(kind.rawValue)
      ORDER BY a.name LIMIT \(limit)
      """
    ).map { row in
      ContactHolder(
        account: try row.id("account"), name: try row.text("name"), displayName: try row.text("display_name"),
        contact: try AccountContact(row))
    }
  }

  /// In the place of the account's other one of the kind.
  func put(_ contact: StoredContact) throws {
    try execute(
      """
      INSERT INTO account_contact (\(Self.contactColumns)) VALUES (
        \(contact.organisation), \(contact.account), \(contact.shown.kind.rawValue), \(contact.sealed),
        \(contact.index), \(contact.shown.masked), \(contact.shown.since), \(contact.shown.verifiedAt))
      ON CONFLICT (organisation, account, kind) DO UPDATE SET sealed = excluded.sealed, search = excluded.search,
        masked = excluded.masked, made_at = excluded.made_at, verified_at = excluded.verified_at
      """)
  }

  /// - Returns: how many there were.
  @discardableResult
  func deleteContacts(
    of account: ID<Principal>, _ organisation: ID<Organisation>, _ kinds: [ContactKind] = ContactKind.allCases
  ) throws -> Int {
    try execute(
      """
      DELETE FROM account_contact WHERE organisation = \(organisation) AND account = \(account)
        AND kind IN \(list: kinds.map(\.rawValue))
      """)
  }
}

extension StoredContact {
  init(_ row: SQLRow) throws {
    guard let index = BlindIndex(stored: try row.blob("search")) else {
      throw SQLError.column(name: "search", message: "is no blind index")
    }
    self.init(
      account: try row.id("account"), organisation: try row.id("organisation"), sealed: try row.sealed("sealed"),
      index: index, shown: try AccountContact(row))
  }
}

extension AccountContact {
  init(_ row: SQLRow) throws {
    guard let kind = ContactKind(rawValue: try row.text("kind")) else {
      throw SQLError.column(name: "kind", message: "is not a kind of contact")
    }
    self.init(
      kind: kind, masked: try row.text("masked"), since: try row.instant("made_at"),
      verifiedAt: try row.optionalInstant("verified_at"))
  }
}
