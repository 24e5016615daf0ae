import Kernel
import SQLStore

extension SQLConnection {
  private static let keyColumns: SQL =
    """
    organisation, id, handle, secret_hash, name, permissions, created_by, created_at, expires_at, used_at, revoked_at,
    scope, place, previous_hash, previous_until
    """

  func key(handle: String) throws -> APIKey? {
    try row("SELECT \(Self.keyColumns) FROM api_key WHERE handle = \(handle)").map { try APIKey($0) }
  }

  /// - Throws: `.keyUnknown`, also for another organisation's.
  func key(_ id: ID<APIKey>, of organisation: ID<Organisation>) throws -> APIKey {
    let row = try row("SELECT \(Self.keyColumns) FROM api_key WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw AccountsError.keyUnknown }
    return try APIKey(row)
  }

  /// Newest first.
  func keys(of organisation: ID<Organisation>, before id: ID<APIKey>?, limit: Int) throws -> [APIKey] {
    var query: SQL = "SELECT \(Self.keyColumns) FROM api_key WHERE organisation = \(organisation)"
    if let id { query += " AND id < \(id)" }
    return try rows(query + " ORDER BY id DESC LIMIT \(limit)").map { try APIKey($0) }
  }

  /// Without revoked ones.
  func keysCount(of organisation: ID<Organisation>) throws -> Int {
    try row("SELECT count(*) AS count FROM api_key WHERE organisation = \(organisation) AND revoked_at IS NULL")?
      .int("count") ?? 0
  }

  func insert(_ key: APIKey) throws {
    try execute(
      """
      INSERT INTO api_key (\(Self.keyColumns)) VALUES (
        \(key.organisation), \(key.id), \(key.handle), \(key.secretHash), \(key.name),
        \(key.permissions.map(\.rawValue).sorted().joined(separator: ",")), \(key.createdBy), \(key.createdAt),
        \(key.expiresAt), \(key.usedAt), \(key.revokedAt), \(key.scope.kind), \(key.scope.place), NULL, NULL)
      """)
  }

  func markUsed(_ key: APIKey, at now: Instant) throws {
    try execute("UPDATE api_key SET used_at = \(now) WHERE organisation = \(key.organisation) AND id = \(key.id)")
  }

  /// Writes another secret; the present one becomes the previous.
  func rotate(_ key: APIKey, to hash: [UInt8], previousUntil: Instant) throws {
    try execute(
      """
      UPDATE api_key SET previous_hash = secret_hash, previous_until = \(previousUntil), secret_hash = \(hash)
      WHERE organisation = \(key.organisation) AND id = \(key.id)
      """)
  }

  func revoke(_ key: APIKey, at now: Instant) throws {
    try execute("UPDATE api_key SET revoked_at = \(now) WHERE organisation = \(key.organisation) AND id = \(key.id)")
  }
}

extension APIKey {
  init(_ row: SQLRow) throws {
    // A permission that this version does not know is not given.
    let permissions = try row.text("permissions").split(separator: ",").compactMap { Permission(rawValue: String($0)) }
    guard let scope = Scope(kind: try row.text("scope"), place: try row.optionalBlob("place")) else {
      throw SQLError.column(name: "scope", message: "is not a scope")
    }
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), name: try row.text("name"),
      permissions: Set(permissions), scope: scope, createdBy: try row.id("created_by"),
      createdAt: try row.instant("created_at"),
      expiresAt: try row.optionalInstant("expires_at"), usedAt: try row.optionalInstant("used_at"),
      revokedAt: try row.optionalInstant("revoked_at"), previousUntil: try row.optionalInstant("previous_until"),
      handle: try row.text("handle"), secretHash: try row.blob("secret_hash"),
      previousHash: try row.optionalBlob("previous_hash"))
  }
}
