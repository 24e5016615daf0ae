package import Kernel
package import SQLStore
package import Vault

/// What Accounts holds about the person behind an account, and how it is taken out, corrected and erased.
package struct AccountHoldings: HoldingsProvider {
  package let name = "accounts"
  let work: Work
  let vault: Vault

  /// - Parameter vault: opens contacts for the person's copy.
  package init(work: Work, vault: Vault) {
    self.work = work
    self.vault = vault
  }

  package func holdings(of subject: DataSubject, in sql: SQLConnection) throws -> [Holding] {
    guard let account = try sql.holder(subject) else { return [] }
    var holdings = [
      Holding(
        category: "identity",
        fields: [
          .init("accounts.name", Self.mask(account.name)),
          .init("accounts.displayName", Self.mask(account.displayName)),
        ], source: .staff, since: account.createdAt, retention: "account", purposes: ["account"]),
      Holding(
        category: "credential", fields: [.init("accounts.password", "***", isSensitive: true)], source: .person,
        since: account.createdAt, retention: "account", purposes: ["account"]),
    ]
    holdings += try sealed(of: account, in: sql)
    let sessions = try sql.sessions(of: account)
    if let oldest = sessions.last {
      holdings.append(
        Holding(
          category: "session",
          fields: [.init("accounts.address", Self.mask(oldest.address)), .init("accounts.usedAt", "***")],
          source: .platform, since: oldest.openedAt, count: sessions.count, retention: "session",
          retentionFrom: oldest.usedAt, purposes: ["security"]))
    }
    let keys = try sql.keys(madeBy: subject)
    if let oldest = keys.first {
      holdings.append(
        Holding(
          category: "credential", fields: [.init("accounts.keyName", String(keys.count))], source: .person,
          since: oldest.createdAt, count: keys.count, retention: "account", purposes: ["account"]))
    }
    return holdings
  }

  /// Contacts, masked, and the second factor.
  private func sealed(of account: Account, in sql: SQLConnection) throws -> [Holding] {
    var holdings = try sql.contacts(of: account.id, account.organisation).map(\.shown).map { contact in
      Holding(
        category: "contact", fields: [.init("accounts.\(contact.kind.rawValue)", contact.masked)],
        source: contact.verifiedAt == nil ? .staff : .person, since: contact.since, retention: "account",
        purposes: ["account"])
    }
    if let factor = try sql.secondFactor(of: account) {
      holdings.append(
        Holding(
          category: "credential", fields: [.init("accounts.secondFactor", "***", isSensitive: true)], source: .platform,
          since: factor.madeAt, retention: "account", purposes: ["account"]))
    }
    return holdings
  }

  package func records(of subject: DataSubject, cursor: String?, limit: Int) async throws -> Page<HeldRecord> {
    let found = try await work.store.read { sql -> ([HeldRecord], [StoredContact]) in
      guard let account = try sql.holder(subject) else { return ([], []) }
      let own = HeldRecord(
        category: "identity",
        fields: [
          "accounts.name": account.name, "accounts.displayName": account.displayName,
          "accounts.state": account.isActive ? "active" : "inactive",
        ], since: account.createdAt)
      let sessions = try sql.sessions(of: account).map { session in
        HeldRecord(
          category: "session",
          fields: ["accounts.address": session.address, "accounts.usedAt": session.usedAt.description],
          since: session.openedAt)
      }
      let keys = try sql.keys(madeBy: subject).map { key in
        HeldRecord(category: "credential", fields: ["accounts.keyName": key.name], since: key.createdAt)
      }
      return ([own] + sessions + keys, try sql.contacts(of: account.id, account.organisation))
    }
    var items = found.0
    for contact in found.1 {
      items.append(
        HeldRecord(
          category: "contact", fields: ["accounts.\(contact.shown.kind.rawValue)": try await copied(contact)],
          since: contact.shown.since))
    }
    // At most twenty sessions and a thousand keys: one page.
    return Page(items: items, next: nil)
  }

  /// A contact's value; its mask when it opens nevermore, so that one damaged value keeps nobody's copy back.
  private func copied(_ contact: StoredContact) async throws(VaultError) -> String {
    let access = SealedAccess.platform(contact.organisation, for: .personCopy)
    do throws(VaultError) { return try await vault.revealed(contact, for: access, in: work) } catch {
      switch AccountsError(error) {
      case .unreadable, .contactMissing: return contact.shown.masked
      default: throw error
      }
    }
  }

  package func correct(
    _ field: String, to value: String, of subject: DataSubject, in unit: Unit
  ) throws -> Bool {
    guard field == "accounts.displayName", var account = try unit.sql.holder(subject) else { return false }
    account.displayName = try AccountRules.displayName(value)
    account.version += 1
    try unit.sql.update(account)
    return true
  }

  /// 李*明; the first and the last character of anything longer.
  static func mask(_ text: String) -> String {
    switch text.count {
    case 0...1: "*"
    case 2: text.prefix(1) + "*"
    default: "\(text.prefix(1))\(String(repeating: "*", count: min(6, text.count - 2)))\(text.suffix(1))"
    }
  }
}

extension SQLConnection {
  /// The account of a person; nil when they have none.
  func holder(_ subject: DataSubject) throws -> Account? {
    do {
      return try account(subject.id.tagged(), of: subject.organisation)
    } catch AccountsError.accountUnknown {
      return nil
    }
  }

  /// Oldest first, at most a thousand.
  func keys(madeBy subject: DataSubject) throws -> [APIKey] {
    let maker: ID<Principal> = subject.id.tagged()
    return try keys(of: subject.organisation, before: nil, limit: 1_000).filter { $0.createdBy == maker }
      .sorted { $0.id < $1.id }
  }
}

extension Accounts {
  /// All organisations of the installation, oldest first; for the platform's own services.
  package func organisations() async throws(AccountsError) -> [ID<Organisation>] {
    try await work.read(AccountsError.self) { sql in
      try sql.rows("SELECT id FROM organisation ORDER BY id").map { try $0.id("id") }
    }
  }
}
