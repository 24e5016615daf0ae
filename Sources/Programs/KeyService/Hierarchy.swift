import Crypto
import Guomi
import Kernel
import SQLStore
import Vault

/// A key-encryption key's row.
struct KEK: Sendable {
  let id: ID<KEK>
  let organisation: ID<Organisation>
  let purpose: String
  let version: Int
  let state: KeyState
  let label: String
  let sm4Wrapped: [UInt8]?

  init(_ row: SQLRow) throws {
    id = try row.id("id")
    organisation = try row.id("organisation")
    purpose = try row.text("purpose")
    version = try row.int("version")
    state = KeyState(rawValue: try row.text("state")) ?? .disabled
    label = try row.text("label")
    sm4Wrapped = try row.optionalBlob("sm4_wrapped")
  }

  /// The name of its key in the token: it follows from the row's, so that an attempt that was cut off finds its key.
  static func label(_ organisation: ID<Organisation>, _ purpose: String, _ version: Int) -> String {
    "kek/\(organisation)/\(purpose)/\(version)"
  }
}

/// A key's row.
struct KeyRow: Sendable {
  let id: ID<DataKey>
  let organisation: ID<Organisation>
  let purpose: String
  let kind: KeyKind
  let version: Int
  let state: KeyState
  let kek: ID<KEK>
  let wrapped: [UInt8]?
  let publicKey: [UInt8]?
  let checkValue: [UInt8]
  let uses: Int64
  let madeAt: Instant

  init(_ row: SQLRow) throws {
    id = try row.id("id")
    organisation = try row.id("organisation")
    purpose = try row.text("purpose")
    guard let kind = KeyKind(rawValue: try row.text("kind")) else { throw VaultError.malformed }
    self.kind = kind
    version = try row.int("version")
    state = KeyState(rawValue: try row.text("state")) ?? .disabled
    kek = try row.id("kek")
    wrapped = try row.optionalBlob("wrapped")
    publicKey = try row.optionalBlob("public_key")
    checkValue = try row.blob("check_value")
    uses = try row.integer("uses")
    madeAt = try row.instant("made_at")
  }
}

/// Wraps and unwraps within one transaction: token → key-encryption key → key.
struct Hierarchy {
  let sql: SQLConnection
  let now: Instant
  let master: MasterKeys
  let memory: KeyMemory
  let random: RandomSource
  let ids: IDSource
  let reach: @Sendable (FaultPoint) throws -> Void

  /// The most characters of a purpose.
  static let purposeMax = 32

  static func checkPurpose(_ purpose: String) throws(VaultError) {
    let isFit = (1...purposeMax).contains(purpose.utf8.count) && purpose.utf8.allSatisfy { character in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) || character == UInt8(ascii: "-")
    }
    guard isFit else {
      throw .refused(code: "vault.purpose", detail: "A purpose is 1 to 32 small letters, digits and hyphens.")
    }
  }

  // MARK: key-encryption keys

  func kek(_ id: ID<KEK>) throws -> KEK {
    guard let row = try sql.row("SELECT * FROM vault_kek WHERE id = \(id)") else { throw VaultError.keyUnknown }
    return try KEK(row)
  }

  func primaryKEK(_ organisation: ID<Organisation>, _ purpose: String) throws -> KEK {
    let found = try sql.row(
      """
      SELECT * FROM vault_kek
      WHERE organisation = \(organisation) AND purpose = \(purpose) AND state = 'primary'
      """)
    if let found { return try KEK(found) }
    let version = try nextKEKVersion(organisation, purpose)
    return try makeKEK(organisation, purpose, version: version, state: .primary)
  }

  func nextKEKVersion(_ organisation: ID<Organisation>, _ purpose: String) throws -> Int {
    let last = try sql.row(
      "SELECT max(version) FROM vault_kek WHERE organisation = \(organisation) AND purpose = \(purpose)")
    return Int(try last?.optionalInteger(0) ?? 0) + 1
  }

  func makeKEK(
    _ organisation: ID<Organisation>, _ purpose: String, version: Int, state: KeyState
  ) throws -> KEK {
    try Self.checkPurpose(purpose)
    let label = KEK.label(organisation, purpose, version)
    try master.make(label)
    try reach(.tokenKeyMade)
    let id = ids.next(KEK.self)
    // SM4 is not in the token: its key lives here, wrapped by the token's.
    let sm4 = try random.secret(16)
    let wrapped = try master.wrap(sm4, under: label, associated: Self.sm4Binding(id))
    try sql.execute(
      """
      INSERT INTO vault_kek (id, organisation, purpose, version, state, label, sm4_wrapped, made_at)
      VALUES (\(id), \(organisation), \(purpose), \(version), \(state.rawValue), \(label), \(wrapped), \(now))
      """)
    return try kek(id)
  }

  private static func sm4Binding(_ id: ID<KEK>) -> [UInt8] { Array("ANJU-SM4-KEK-1".utf8) + id.bytes }

  private func sm4Key(_ kek: KEK) throws -> SecretBytes {
    if let key = memory.sm4(kek.id) { return key }
    guard let wrapped = kek.sm4Wrapped else { throw VaultError.keyUnusable(state: kek.state.rawValue) }
    let key = try master.unwrap(wrapped, under: kek.label, associated: Self.sm4Binding(kek.id))
    memory.putSM4(kek.id, key)
    return key
  }

  // MARK: keys

  /// What a wrapped key is bound to: it opens as this key under this key-encryption key only.
  private func binding(
    _ id: ID<DataKey>, _ organisation: ID<Organisation>, _ purpose: String, _ kind: KeyKind, _ kek: KEK
  ) -> [UInt8] {
    Array("ANJU-KEY-1".utf8) + id.bytes + organisation.bytes + kek.id.bytes + Array("\(kind.rawValue)/\(purpose)".utf8)
  }

  func wrap(_ secret: SecretBytes, _ key: KeyRow, under kek: KEK) throws -> [UInt8] {
    try wrap(secret, key.id, key.organisation, key.purpose, key.kind, under: kek)
  }

  func wrap(
    _ secret: SecretBytes, _ id: ID<DataKey>, _ organisation: ID<Organisation>, _ purpose: String, _ kind: KeyKind,
    under kek: KEK
  ) throws -> [UInt8] {
    let binding = binding(id, organisation, purpose, kind, kek)
    if kind.isWrappedBySM4 {
      return try SM4Wrap.wrap(secret, under: try sm4Key(kek), associated: binding, random: random)
    }
    return try master.wrap(secret, under: kek.label, associated: binding)
  }

  /// The key's bytes, from memory or unwrapped.
  ///
  /// - Throws: `.keyUnusable` when it was destroyed, `.notAuthentic`.
  func unwrap(_ key: KeyRow) throws -> SecretBytes {
    if let secret = memory.key(key.id) { return secret }
    guard let wrapped = key.wrapped else { throw VaultError.keyUnusable(state: key.state.rawValue) }
    let kek = try kek(key.kek)
    let binding = binding(key.id, key.organisation, key.purpose, key.kind, kek)
    let secret = key.kind.isWrappedBySM4
      ? try SM4Wrap.unwrap(wrapped, under: try sm4Key(kek), associated: binding, random: random)
      : try master.unwrap(wrapped, under: kek.label, associated: binding)
    memory.put(key.id, secret)
    return secret
  }

  func key(_ id: ID<DataKey>) throws -> KeyRow {
    guard let row = try sql.row("SELECT * FROM vault_key WHERE id = \(id)") else { throw VaultError.keyUnknown }
    return try KeyRow(row)
  }

  func primary(_ organisation: ID<Organisation>, _ purpose: String, _ kind: KeyKind) throws -> KeyRow? {
    try sql.row(
      """
      SELECT * FROM vault_key WHERE organisation = \(organisation) AND purpose = \(purpose)
        AND kind = \(kind.rawValue) AND state = 'primary'
      """
    ).map { try KeyRow($0) }
  }

  /// Makes a key and stores it wrapped.
  func makeKey(
    _ organisation: ID<Organisation>, _ purpose: String, _ kind: KeyKind, secret: SecretBytes,
    publicKey: [UInt8]? = nil
  ) throws -> KeyRow {
    let kek = try primaryKEK(organisation, purpose)
    let last = try sql.row(
      """
      SELECT max(version) FROM vault_key
      WHERE organisation = \(organisation) AND purpose = \(purpose) AND kind = \(kind.rawValue)
      """)
    let id = ids.next(DataKey.self)
    let wrapped = try wrap(secret, id, organisation, purpose, kind, under: kek)
    try sql.execute(
      """
      INSERT INTO vault_key
        (id, organisation, purpose, kind, version, state, kek, wrapped, public_key, check_value, uses, made_at)
      VALUES (\(id), \(organisation), \(purpose), \(kind.rawValue), \((try last?.optionalInteger(0) ?? 0) + 1),
        'primary', \(kek.id), \(wrapped), \(publicKey), \(Self.checkValue(secret)), 0, \(now))
      """)
    return try key(id)
  }

  /// Tells whether two keys are the same without saying either: eight bytes of an HMAC under the key.
  static func checkValue(_ secret: SecretBytes) -> [UInt8] {
    secret.withUnsafeBytes { bytes in
      Array(HMAC<SHA256>.authenticationCode(for: Array("ANJU-KCV-1".utf8), using: SymmetricKey(data: bytes)).prefix(8))
    }
  }
}
