package import Kernel

extension Accounts {
  /// The organisation's API keys, newest first, revoked ones too; needs `accounts.read`.
  ///
  /// - Throws: `.cursorInvalid`.
  package func keys(_ page: PageRequest, by principal: Principal) async throws(AccountsError) -> Page<APIKey> {
    try principal.mayDo(.accountsRead)
    let before = page.cursor.map { ID<APIKey>($0) }
    if case .some(.none) = before { throw .cursorInvalid }
    return try await work.read(AccountsError.self) { sql in
      let found = try sql.keys(of: principal.organisation, before: before ?? nil, limit: page.limit + 1)
      let items = Array(found.prefix(page.limit))
      return Page(items: items, next: found.count > page.limit ? items.last?.id.description : nil)
    }
  }

  /// Makes an API key; needs `accounts.write`, and every permission that the key will have.
  ///
  /// - Parameter expiresAt: later than now; nil for never.
  /// - Throws: `.fieldInvalid`, `.permissionsExceed`, `.tooMany`.
  package func makeKey(
    name: String, permissions: Set<Permission>, expiresAt: Instant?, by principal: Principal
  ) async throws(AccountsError) -> MadeKey {
    try principal.mayDo(.accountsWrite)
    try principal.mayGive(permissions)
    let name = try AccountRules.displayName(name, field: "name")
    guard !permissions.isEmpty else { throw .fieldInvalid(field: "permissions", problem: "must not be empty") }
    if let expiresAt, expiresAt <= work.time.now() {
      throw .fieldInvalid(field: "expiresAt", problem: "must be in the future")
    }
    let (handle, secret, text) = Secrets.key(random)
    let countMax = limits.keysMax
    return try await work.run(AccountsError.self) { unit in
      guard try unit.sql.keysCount(of: principal.organisation) < countMax else {
        throw AccountsError.tooMany("API keys", max: countMax)
      }
      let key = APIKey(
        id: unit.newID(), organisation: principal.organisation, name: name, permissions: permissions,
        createdBy: principal.id, createdAt: unit.now, expiresAt: expiresAt, usedAt: nil, revokedAt: nil,
        handle: handle, secretHash: Secrets.hash(secret))
      try unit.sql.insert(key)
      try unit.record(
        APIKeyMade(key: key.id, permissions: permissions.sorted { $0.rawValue < $1.rawValue }, by: principal.id),
        organisation: key.organisation)
      return MadeKey(key: key, text: text)
    }
  }

  /// Makes a key useless at once; needs `accounts.write`. One that was revoked before stays as it is.
  ///
  /// - Throws: `.keyUnknown`.
  package func revokeKey(_ id: ID<APIKey>, by principal: Principal) async throws(AccountsError) {
    try principal.mayDo(.accountsWrite)
    try await work.run(AccountsError.self) { unit in
      let key = try unit.sql.key(id, of: principal.organisation)
      guard key.revokedAt == nil else { return }
      try unit.sql.revoke(key, at: unit.now)
      try unit.record(APIKeyRevoked(key: id, by: principal.id), organisation: key.organisation)
    }
  }
}
