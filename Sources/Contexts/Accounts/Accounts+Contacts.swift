import Audit
package import Kernel
import Vault

/// Telephone numbers and mail addresses: sealed with the person's own record key, shown masked, found by a blind
/// index, opened with a reason that is audited (clauses 9.2.2 a, 9.3 d).
extension Accounts {
  /// The most accounts that a search for a contact gives.
  package static let holdersMax = 100

  /// An account's contacts, masked: one's own, or another's with `accounts.read` or `privacy.read`. Needs no key
  /// service.
  ///
  /// - Throws: `.accountUnknown`.
  package func contacts(
    of id: ID<Principal>, by principal: Principal
  ) async throws(AccountsError) -> [AccountContact] {
    if id == principal.id {
      try principal.mustBeComplete()
    } else {
      do { try principal.require(.privacyRead) } catch { try principal.mayDo(.accountsRead) }
    }
    return try await work.read(AccountsError.self) { sql in
      let account = try sql.account(id, of: principal.organisation)
      return try sql.contacts(of: account.id, account.organisation).map(\.shown)
    }
  }

  /// Writes a contact down that its owner told; no code is sent there before its owner has verified it. Needs what
  /// changing the account needs; for one's own `offerContact` verifies it at once.
  ///
  /// - Throws: `.accountUnknown`, `.fieldInvalid`, `.sealed`.
  package func setContact(
    _ text: String, of id: ID<Principal>, by principal: Principal
  ) async throws(AccountsError) -> AccountContact {
    try principal.mayManage(freshAt: work.time.now())
    let contact = try Contact(text)
    return try await put(contact, of: id, principal.organisation, isVerified: false, by: principal) { unit in
      _ = try unit.account(id, toBeManagedBy: principal)
    }
  }

  /// Takes a contact away: one's own, or another's with what changing the account needs.
  ///
  /// - Throws: `.accountUnknown`, `.contactMissing`.
  package func removeContact(
    _ kind: ContactKind, of id: ID<Principal>, by principal: Principal
  ) async throws(AccountsError) {
    try await work.run(AccountsError.self) { unit in
      if id == principal.id { try principal.mustBeComplete() } else {
        _ = try unit.account(id, toBeManagedBy: principal)
      }
      guard try unit.sql.deleteContacts(of: id, principal.organisation, [kind]) > 0 else {
        throw AccountsError.contactMissing
      }
      try unit.record(ContactChanged(account: id), organisation: principal.organisation)
      try unit.audit(.delete, "account.contact", id, by: principal, .plain("kind", kind.rawValue))
    }
  }

  /// Opens a contact: one's own, or another's with `privacy.open` in the whole organisation. Each opening stands in
  /// the audit log with its reason, and the person sees it.
  ///
  /// - Parameter reason: 1 to 500 characters; not asked for one's own.
  /// - Throws: `.contactMissing`, `.fieldInvalid`, `.sealed` when the key service does not answer.
  package func openContact(
    _ kind: ContactKind, of id: ID<Principal>, reason: String, by principal: Principal
  ) async throws(AccountsError) -> String {
    let isOwn = id == principal.id
    if isOwn { try principal.mustBeComplete() } else { try principal.mayDo(.privacyOpen) }
    let stored = try await work.read(AccountsError.self) { sql in
      let account = try sql.account(id, of: principal.organisation)
      return try sql.contacts(of: account.id, account.organisation).first { $0.shown.kind == kind }
    }
    guard let stored else { throw .contactMissing }
    let access = isOwn ? SealedAccess.own(principal) : SealedAccess(principal, reason: reason)
    return try await open(stored, for: access)
  }

  /// Who has a contact, by the whole of it; needs `privacy.read`. Each search stands in the audit log, without what was
  /// looked for.
  ///
  /// - Returns: at most `holdersMax`, masked.
  /// - Throws: `.fieldInvalid`, `.sealed`: the blind index's key is the key service's.
  package func holders(
    ofContact text: String, by principal: Principal
  ) async throws(AccountsError) -> [ContactHolder] {
    try principal.mayDo(.privacyRead)
    let contact = try Contact(text)
    let index = try await index(contact, principal.organisation)
    return try await work.run(AccountsError.self) { unit in
      let found = try unit.sql.holders(of: index, contact.kind, principal.organisation, limit: Self.holdersMax)
      try unit.audit(
        AuditEvent(
          .act, "account.contact", "search", by: principal,
          details: [.plain("kind", contact.kind.rawValue), .plain("found", "\(found.count)")]))
      return found
    }
  }
}

extension Accounts {
  /// Seals a contact and writes it.
  ///
  /// - Parameter check: goes first, in the same unit of work.
  func put(
    _ contact: Contact, of id: ID<Principal>, _ organisation: ID<Organisation>, isVerified: Bool,
    by principal: Principal, _ check: @escaping @Sendable (Unit) throws -> Void
  ) async throws(AccountsError) -> AccountContact {
    let sealer = try await sealer(Important.self, organisation)
    let index = try await index(contact, organisation)
    let salt = try AccountsError.reading { () throws(VaultError) in try vault.newSalt() }
    return try await work.run(AccountsError.self) { unit in
      try check(unit)
      do {
        let record = try unit.recordKey(organisation: organisation, subject: id.bytes, salt: salt)
        let before = try unit.sql.contacts(of: id, organisation).first { $0.shown.kind == contact.kind }
        let isSame = before?.index == index
        let shown = AccountContact(
          kind: contact.kind, masked: contact.masked, since: unit.now,
          verifiedAt: isVerified ? unit.now : isSame ? before?.shown.verifiedAt : nil)
        let place = Self.contactPlace(contact.kind, id, organisation)
        try unit.sql.put(
          StoredContact(
            account: id, organisation: organisation, sealed: try sealer.seal(contact.text, at: place, record: record),
            index: index, shown: shown))
        try unit.record(ContactChanged(account: id), organisation: organisation)
        try unit.audit(
          before == nil ? .create : .update, "account.contact", id, by: principal,
          .plain("kind", contact.kind.rawValue), .plain("verified", "\(isVerified)"))
        return shown
      } catch let error as VaultError {
        throw AccountsError(error)
      }
    }
  }

  /// The value of a contact.
  func open(_ stored: StoredContact, for access: SealedAccess) async throws(AccountsError) -> String {
    do { return try await vault.revealed(stored, for: access, in: work) } catch { throw AccountsError(error) }
  }

  /// What a contact is found by.
  private func index(
    _ contact: Contact, _ organisation: ID<Organisation>
  ) async throws(AccountsError) -> BlindIndex {
    do {
      return try await vault.indexer(organisation: organisation, purpose: Self.purpose)
        .index(contact.text, table: "account_contact", column: contact.kind.rawValue)
    } catch { throw AccountsError(error) }
  }
}

extension Vault {
  /// The value of a contact, opened with the person's record key.
  func revealed(
    _ stored: StoredContact, for access: SealedAccess, in work: Work
  ) async throws(VaultError) -> String {
    let record = try await work.read(VaultError.self) { sql in
      try sql.recordKey(organisation: stored.organisation, subject: stored.account.bytes)
    }
    let place = Accounts.contactPlace(stored.shown.kind, stored.account, stored.organisation)
    return try await open(stored.sealed, at: place, record: record, for: access).reveal()
  }
}
