import Accounts
import Audit
import Crypto
import Foundation
import Kernel
import Logging
import SQLStore
import Synchronization
import TestSupport
import Vault

@testable import Privacy

/// An organisation with a person in it, and everything that privacy needs.
struct PrivacyBench: Sendable {
  let fresh: Fresh
  let accounts: Accounts
  let notes: NotesHoldings
  /// What the vault asks; it can be told to be down.
  let standIn = StandInKeys()
  let keys: VaultPersonKeys
  let vault: Vault
  let privacy: Privacy
  /// The person: an account that signed in and showed the second factor just now.
  let person: Principal
  /// Somebody of the staff with all that privacy asks, second factor fresh.
  let officer: Principal

  var subject: DataSubject { DataSubject(person) }
  var id: ID<DataSubject> { subject.id }

  static let tables = [Accounts.migrations, Privacy.migrations, NotesHoldings.migrations]

  init(_ backend: Backend? = nil, breaking: Breaking? = nil) async throws {
    if let backend {
      fresh = try await Fresh.on(backend, Self.tables)
    } else {
      fresh = try await Fresh.inMemory(Self.tables)
    }
    let random = SharedRandom(seed: 11)
    vault = Vault.standIn(standIn, time: fresh.clock.timekeeper)
    accounts = Accounts(
      work: fresh.work, hasher: try PasswordHasher(cost: .least), vault: vault, random: { random.bytes($0) })
    let first = try await accounts.found(organisation: "安居 Homes")
    let administrator = Self.principal(
      first.administrator.id, first.organisation, "管理员", Set(Permission.allCases), fresh)
    let account = try await accounts.create(
      NewAccount(name: "limin", displayName: "李晓明", role: .viewer, password: "correct horse battery"),
      by: administrator)
    person = Self.principal(account.id, first.organisation, "李晓明", [], fresh)
    officer = Self.principal(fresh.work.ids.next(), first.organisation, "王芳", Set(Permission.allCases), fresh)
    keys = VaultPersonKeys(work: fresh.work, vault: vault)
    notes = NotesHoldings(work: fresh.work, keys: keys)
    privacy = try Self.privacy(fresh, vault, notes, breaking)
  }

  static func privacy(
    _ fresh: Fresh, _ vault: Vault, _ notes: NotesHoldings, _ breaking: Breaking? = nil
  ) throws -> Privacy {
    let random = SharedRandom(seed: 12)
    let keys = VaultPersonKeys(work: fresh.work, vault: vault)
    let own: [any HoldingsProvider] = [notes, AccountHoldings(work: fresh.work, vault: vault)]
    return Privacy(
      work: fresh.work, policy: try .builtIn(), audit: AuditLog(work: fresh.work, keys: CheckpointKeys([])),
      keys: breaking.map { BreakingKeys(base: keys, breaking: $0) } ?? keys,
      providers: own.map { provider in breaking.map { BreakingProvider(base: provider, breaking: $0) } ?? provider },
      random: { random.bytes($0) })
  }

  private static func principal(
    _ id: ID<Principal>, _ organisation: ID<Organisation>, _ name: String, _ permissions: Set<Permission>,
    _ fresh: Fresh, fresh isFresh: Bool = true
  ) -> Principal {
    Principal(
      id: id, kind: .person, organisation: organisation, name: name, permissions: permissions,
      assurance: isFresh ? .secondFactor(at: fresh.clock.now) : .password(hasSecondFactor: true),
      origin: Origin(address: "192.0.2.7", agent: "Browser"))
  }

  /// The same person, now or with nothing but the password.
  func person(isFresh: Bool) -> Principal {
    Self.principal(person.id, person.organisation, person.name, [], fresh, fresh: isFresh)
  }

  /// Somebody else of the organisation.
  func other(_ permissions: Set<Permission> = [], name: String = "张三") -> Principal {
    Self.principal(fresh.work.ids.next(), person.organisation, name, permissions, fresh)
  }

  func officer(isFresh: Bool) -> Principal {
    Self.principal(officer.id, officer.organisation, officer.name, officer.permissions, fresh, fresh: isFresh)
  }

  /// A request that is verified.
  func verified(_ new: NewPrivacyRequest) async throws -> PrivacyRequest {
    let request = try await privacy.request(new, for: id, by: person)
    return try await privacy.verify(request.id, by: person(isFresh: true))
  }

  func keeper() -> PrivacyKeeper {
    let organisation = person.organisation
    return PrivacyKeeper(privacy: privacy, journal: fresh.journal) { [organisation] }
  }

  func count(_ table: String) async throws -> Int {
    try await fresh.store.read { try $0.row("SELECT count(*) AS count FROM \(SQL(raw: table))")?.int("count") ?? -1 }
  }

  func kinds() async throws -> [String] {
    try await fresh.journal.read(after: 0, limit: 10_000).map(\.kind)
  }
}

/// A context that holds sealed notes about persons, several pages of them.
struct NotesHoldings: HoldingsProvider {
  let work: Work
  let keys: VaultPersonKeys
  let name = "notes"

  static let migrations = SQLMigrations(
    context: "notes",
    steps: [
      .init(
        1, "notes",
        """
        CREATE TABLE note (
          organisation {id} NOT NULL, subject {id} NOT NULL, number {int} NOT NULL, sealed {blob} NOT NULL,
          PRIMARY KEY (organisation, subject, number)
        ) {clustered};
        """)
    ])

  func write(_ text: String, _ number: Int, of subject: DataSubject) async throws {
    let sealed = try await keys.seal(Array(text.utf8), of: subject, place: "note/\(number)")
    try await work.transaction { unit in
      _ = try unit.sql.execute(
        """
        INSERT INTO note (organisation, subject, number, sealed)
        VALUES (\(subject.organisation), \(subject.id), \(number), \(sealed))
        """)
    }
  }

  func sealed(of subject: DataSubject) async throws -> [[UInt8]] {
    try await work.store.read { sql in
      try sql.rows("SELECT sealed FROM note WHERE subject = \(subject.id) ORDER BY number")
        .map { try $0.blob("sealed") }
    }
  }

  func holdings(of subject: DataSubject, in sql: SQLConnection) throws -> [Holding] {
    let count = try sql.row("SELECT count(*) AS count FROM note WHERE subject = \(subject.id)")?.int("count") ?? 0
    guard count > 0 else { return [] }
    return [
      Holding(
        category: "contact", fields: [.init("notes.text", "•••", isSensitive: true)], source: .staff,
        since: Instant(microseconds: 0), count: count, retention: "contract", purposes: ["tenancy"],
        recipients: ["住建部门"])
    ]
  }

  func records(of subject: DataSubject, cursor: String?, limit: Int) async throws -> Page<HeldRecord> {
    let after = Int(cursor ?? "0") ?? 0
    let found = try await work.store.read { sql in
      try sql.rows(
        "SELECT number, sealed FROM note WHERE subject = \(subject.id) AND number > \(after) ORDER BY number LIMIT 3"
      ).map { (try $0.int("number"), try $0.blob("sealed")) }
    }
    var items: [HeldRecord] = []
    for (number, sealed) in found.prefix(2) {
      let text = try await keys.open(sealed, of: subject, place: "note/\(number)")
      items.append(
        HeldRecord(
          category: "contact", fields: ["notes.text": String(decoding: text, as: UTF8.self)],
          since: Instant(microseconds: 0)))
    }
    return Page(items: items, next: found.count > 2 ? String(found[1].0) : nil)
  }

  /// Two rows a call, so that an erasure takes several.
  func erase(_ subject: DataSubject, in unit: Kernel.Unit) throws -> ErasedPart {
    let numbers = try unit.sql.rows("SELECT number FROM note WHERE subject = \(subject.id) ORDER BY number LIMIT 2")
      .map { try $0.integer("number") }
    guard !numbers.isEmpty else { return ErasedPart(rows: 0) }
    let rows = try unit.sql.execute("DELETE FROM note WHERE subject = \(subject.id) AND number IN \(list: numbers)")
    return ErasedPart(rows: rows, isDone: numbers.count < 2)
  }
}

/// Stops the program, as it were, at the n-th thing that is done: what its transaction did is undone, and whoever
/// called it gives up as it would without a store.
final class Breaking: Sendable {
  private let left: Mutex<Int?>

  init(at count: Int?) { left = Mutex(count) }

  var hasBroken: Bool { left.withLock { $0 == 0 } }

  func mend() { left.withLock { $0 = nil } }

  func pass() throws {
    let isOver = left.withLock { left in
      guard let count = left else { return false }
      left = max(0, count - 1)
      return count <= 1
    }
    if isOver { throw SQLError.closed }
  }
}

struct BreakingProvider: HoldingsProvider {
  let base: any HoldingsProvider
  let breaking: Breaking
  var name: String { base.name }

  func holdings(of subject: DataSubject, in sql: SQLConnection) throws -> [Holding] {
    try base.holdings(of: subject, in: sql)
  }
  func records(of subject: DataSubject, cursor: String?, limit: Int) async throws -> Page<HeldRecord> {
    try breaking.pass()
    return try await base.records(of: subject, cursor: cursor, limit: limit)
  }
  func erase(_ subject: DataSubject, in unit: Kernel.Unit) throws -> ErasedPart {
    try breaking.pass()
    let part = try base.erase(subject, in: unit)
    try breaking.pass()
    return part
  }
}

struct BreakingKeys: PersonKeys {
  let base: VaultPersonKeys
  let breaking: Breaking

  func seal(_ bytes: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8] {
    try breaking.pass()
    return try await base.seal(bytes, of: subject, place: place)
  }
  func open(_ sealed: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8] {
    try await base.open(sealed, of: subject, place: place)
  }
  func destroy(of subject: DataSubject, in unit: Kernel.Unit) throws -> Bool {
    try breaking.pass()
    let isDestroyed = try base.destroy(of: subject, in: unit)
    try breaking.pass()
    return isDestroyed
  }
}
