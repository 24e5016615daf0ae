import Audit
package import Kernel

extension Accounts {
  /// The longest that the secret of before a rotation stays good.
  package static let keyOverlapSecondsMax: Int64 = 7 * 24 * 3_600

  /// The organisation's API keys, newest first, revoked ones too; needs `accounts.read` or `accounts.keys`.
  ///
  /// - Throws: `.cursorInvalid`.
  package func keys(_ page: PageRequest, by principal: Principal) async throws(AccountsError) -> Page<APIKey> {
    try principal.maySeeKeys()
    let before = page.cursor.map { ID<APIKey>($0) }
    if case .some(.none) = before { throw .cursorInvalid }
    return try await work.read(AccountsError.self) { sql in
      let found = try sql.keys(of: principal.organisation, before: before ?? nil, limit: page.limit + 1)
      let items = Array(found.prefix(page.limit))
      return Page(items: items, next: found.count > page.limit ? items.last?.id.description : nil)
    }
  }

  /// Makes an API key; needs `accounts.keys`, a second verification, and every permission that the key will have,
  /// where it will have it. None may be sensitive: a program cannot verify itself a second time.
  ///
  /// - Throws: `.fieldInvalid`, `.permissionsExceed`, `.tooMany`.
  package func makeKey(_ new: NewKey, by principal: Principal) async throws(AccountsError) -> MadeKey {
    try principal.mayMakeKeys(at: work.time.now())
    try principal.mayGive(new.permissions, in: new.scope)
    let name = try AccountRules.displayName(new.name, field: "name")
    guard !new.permissions.isEmpty else { throw .fieldInvalid(field: "permissions", problem: "must not be empty") }
    guard !new.permissions.contains(where: \.isSensitive) else {
      throw .fieldInvalid(field: "permissions", problem: "must not have one that needs a person")
    }
    if let expiresAt = new.expiresAt, expiresAt <= work.time.now() {
      throw .fieldInvalid(field: "expiresAt", problem: "must be in the future")
    }
    let (handle, secret, text) = Secrets.key(random)
    let countMax = limits.keysMax
    return try await work.run(AccountsError.self) { unit in
      guard try unit.sql.keysCount(of: principal.organisation) < countMax else {
        throw AccountsError.tooMany("API keys", max: countMax)
      }
      let key = APIKey(
        id: unit.newID(), organisation: principal.organisation, name: name, permissions: new.permissions,
        scope: new.scope, createdBy: principal.id, createdAt: unit.now, expiresAt: new.expiresAt, usedAt: nil,
        revokedAt: nil, previousUntil: nil, handle: handle, secretHash: Secrets.hash(secret), previousHash: nil)
      try unit.sql.insert(key)
      try unit.record(
        APIKeyMade(key: key.id, permissions: new.permissions.sorted { $0.rawValue < $1.rawValue }, by: principal.id),
        organisation: key.organisation)
      try unit.audit(
        .create, "apiKey", key.id, by: principal, .plain("name", key.name),
        .plain("permissions", key.permissions.map(\.rawValue).sorted().joined(separator: " ")))
      return MadeKey(key: key, text: text)
    }
  }

  /// Gives a key another secret; the present one stays good for the overlap, so that its program can be changed over.
  /// Needs what making it needs.
  ///
  /// - Parameter overlapSeconds: 0 to `keyOverlapSecondsMax`.
  /// - Throws: `.keyUnknown`, also for a revoked one; `.fieldInvalid`, `.permissionsExceed`.
  package func rotateKey(
    _ id: ID<APIKey>, overlapSeconds: Int64, by principal: Principal
  ) async throws(AccountsError) -> MadeKey {
    try principal.mayMakeKeys(at: work.time.now())
    guard (0...Self.keyOverlapSecondsMax).contains(overlapSeconds) else {
      throw .fieldInvalid(field: "overlapSeconds", problem: "must lie within 0 and \(Self.keyOverlapSecondsMax)")
    }
    let secret = Secrets.base64URL(random(Secrets.tokenBytes))
    return try await work.run(AccountsError.self) { unit in
      let key = try unit.sql.key(id, of: principal.organisation)
      guard key.isValid(at: unit.now) else { throw AccountsError.keyUnknown }
      try principal.mayGive(key.permissions, in: key.scope)
      let until = unit.now.advanced(by: .seconds(overlapSeconds))
      try unit.sql.rotate(key, to: Secrets.hash(secret), previousUntil: until)
      try unit.record(APIKeyRotated(key: id, by: principal.id), organisation: key.organisation)
      try unit.audit(.update, "apiKey", id, by: principal, .plain("act", "rotate"))
      return MadeKey(
        key: try unit.sql.key(id, of: principal.organisation), text: "\(key.prefix)_\(secret)")
    }
  }

  /// Makes a key useless at once; needs `accounts.keys`, `accounts.write` or `accounts.officers`: ending one is never
  /// made hard. One that was revoked before stays as it is.
  ///
  /// - Throws: `.keyUnknown`.
  package func revokeKey(_ id: ID<APIKey>, by principal: Principal) async throws(AccountsError) {
    try principal.mayEndKeys()
    try await work.run(AccountsError.self) { unit in
      let key = try unit.sql.key(id, of: principal.organisation)
      guard key.revokedAt == nil else { return }
      try unit.sql.revoke(key, at: unit.now)
      try unit.record(APIKeyRevoked(key: id, by: principal.id), organisation: key.organisation)
      try unit.audit(.delete, "apiKey", id, by: principal, .plain("name", key.name))
    }
  }
}

extension Principal {
  fileprivate func maySeeKeys() throws(AccountsError) {
    do { try requireSomewhere(.accountsKeys) } catch { try mayDo(.accountsRead) }
  }

  fileprivate func mayEndKeys() throws(AccountsError) {
    for permission in [Permission.accountsWrite, .accountsOfficers] where permissions.contains(permission) { return }
    do { try requireSomewhere(.accountsKeys) } catch { throw AccountsError(error) }
  }

  /// An operator of one building makes keys for that building: `mayGive` sees to it.
  fileprivate func mayMakeKeys(at now: Instant) throws(AccountsError) {
    do {
      try requireSomewhere(.accountsKeys)
      try requireFresh(.accountsKeys, at: now)
    } catch { throw AccountsError(error) }
  }

  /// Nobody makes a key that may do more than they, or elsewhere.
  func mayGive(_ wanted: Set<Permission>, in scope: Scope) throws(AccountsError) {
    let held = grants.filter { $0.scope.covers(scope) }.reduce(into: Set<Permission>()) { $0.formUnion($1.permissions) }
    let excess = wanted.subtracting(held)
    guard excess.isEmpty else { throw .permissionsExceed(excess) }
  }
}
