import Accounts
import Audit
import Foundation
import Guomi
import Kernel
import Logging
import Privacy
import SQLStore
import Synchronization
import Vault
import WireFormats

/// A person with a contact, consents and a sealed note, whose erasure is approved at the first run. Each run checks
/// that every part of the person is either wholly there and readable or wholly gone, goes on with the erasure, and may
/// die between any two effects of it. The address is the store's path.
enum PrivacyErasure: Scenario {
  static let name = "privacy-erasure"

  static func run(address: String, crash: CrashPoint) async throws {
    let opened = try await Work.open(address)
    // Steps are kept by their moment: a clock that goes on.
    let time = Timekeeper(
      now: { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) },
      sleep: { try await Task.sleep(for: $0) })
    let ids = IDSource(time: time) { (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)) }
    let work = Work(store: opened.store, time: time, ids: ids, logger: Logger(label: "probe"))
    try await work.store.migrate([
      Journal.migrations, AuditLog.migrations, RecordKeys.migrations, Accounts.migrations, Privacy.migrations,
    ])
    let vault = Vault(source: ProbeKeys(), random: .operatingSystem, time: work.time) { _ in }
    let keys = VaultPersonKeys(work: work, vault: vault)
    let random: @Sendable (Int) -> [UInt8] = { count in (0..<count).map { _ in UInt8.random(in: .min ... .max) } }
    let accounts = Accounts(
      work: work, hasher: try PasswordHasher(cost: PasswordHasher.Cost(passes: 1, memoryBytes: 8_192)), vault: vault,
      random: random)
    let privacy = Privacy(
      work: work, policy: try .builtIn(), audit: AuditLog(work: work, keys: CheckpointKeys([])),
      keys: CrashingKeys(base: keys, crash: crash),
      providers: [CrashingProvider(base: AccountHoldings(work: work, vault: vault), crash: crash)], random: random)
    let note = URL(fileURLWithPath: address + ".note")
    if try await accounts.isEmpty() { return try await prepare(accounts, privacy, keys, note) }
    guard let person = try await Self.person(work) else { throw Inconsistent(what: "the request is gone") }
    try await check(work, accounts, keys, person, note)
    crash.reach()
    try await privacy.eraser(Journal(work: work)).drain()
    crash.reach()
    try await check(work, accounts, keys, person, note)
    guard try await state(work) == "done" else { throw Inconsistent(what: "it did not come to its end") }
    await work.store.close()
  }

  private static func principal(_ id: ID<Principal>, _ organisation: ID<Organisation>, _ now: Instant) -> Principal {
    Principal(
      id: id, kind: .person, organisation: organisation, name: "Test", permissions: Set(Permission.allCases),
      assurance: .secondFactor(at: now))
  }

  private static func prepare(
    _ accounts: Accounts, _ privacy: Privacy, _ keys: VaultPersonKeys, _ note: URL
  ) async throws {
    let first = try await accounts.found(organisation: "安居 Homes")
    let now = first.administrator.createdAt
    let administrator = principal(first.administrator.id, first.organisation, now)
    let account = try await accounts.create(
      NewAccount(name: "limin", displayName: "李晓明", role: .viewer, password: "correct horse battery"),
      by: administrator)
    _ = try await accounts.setContact("13800005270", of: account.id, by: administrator)
    let person = principal(account.id, first.organisation, now)
    let subject = DataSubject(person)
    try Data(try await keys.seal(Array("便签".utf8), of: subject, place: "note")).write(to: note)
    _ = try await privacy.record(
      ConsentWill(.grant, "face", version: 1, isExplicit: true, language: "zh-CN", channel: "console"), for: subject.id,
      by: person)
    let request = try await privacy.request(
      NewPrivacyRequest(kind: .erasure, note: "我搬走了"), for: subject.id, by: person)
    _ = try await privacy.verify(request.id, by: person)
    _ = try await privacy.decide(request.id, approve: true, reason: "同意", by: administrator)
  }

  private static func person(_ work: Work) async throws -> DataSubject? {
    try await work.store.read { sql in
      try sql.row("SELECT organisation, subject FROM privacy_request").map { row in
        DataSubject(organisation: try row.id("organisation"), id: try row.id("subject"))
      }
    }
  }

  private static func state(_ work: Work) async throws -> String? {
    try await work.store.read { try $0.row("SELECT state FROM privacy_request")?.text(0) }
  }

  /// What is left of the person, part by part.
  private static func check(
    _ work: Work, _ accounts: Accounts, _ keys: VaultPersonKeys, _ person: DataSubject, _ note: URL
  ) async throws {
    let officer = principal(ID(high: 9, low: 9), person.organisation, work.time.now())
    let account = try await accounts.account(person.id.tagged(), by: officer)
    let contacts = try await accounts.contacts(of: account.id, by: officer)
    let isThere = account.displayName == "李晓明"
    // The account's part: name, activity and contact go in one.
    guard isThere == account.isActive, isThere == !contacts.isEmpty, isThere == (account.name == "limin") else {
      throw Inconsistent(what: "the account is half there")
    }
    if isThere {
      let phone = try await accounts.openContact(.phone, of: account.id, reason: "a check", by: officer)
      guard phone == "13800005270" else { throw Inconsistent(what: "the contact is not what it was") }
    }
    // The record key goes last, with the mark that all is done: until then what is left is readable, after it nothing.
    let isDone = try await state(work) == "done"
    let sealed = Array(try Data(contentsOf: note))
    do {
      let text = try await keys.open(sealed, of: person, place: "note")
      guard !isDone else { throw Inconsistent(what: "what is erased opens") }
      guard text == Array("便签".utf8) else { throw Inconsistent(what: "the note is not what it was") }
    } catch PrivacyError.erased {
      guard isDone, !isThere else { throw Inconsistent(what: "the key went before the rest") }
    }
  }
}

/// What a check found.
private struct Inconsistent: Error {
  let what: String
}

/// Dies before and after a context's part.
private struct CrashingProvider: HoldingsProvider {
  let base: any HoldingsProvider
  let crash: CrashPoint
  var name: String { base.name }

  func holdings(of subject: DataSubject, in sql: SQLConnection) throws -> [Holding] {
    try base.holdings(of: subject, in: sql)
  }

  func records(of subject: DataSubject, cursor: String?, limit: Int) async throws -> Page<HeldRecord> {
    try await base.records(of: subject, cursor: cursor, limit: limit)
  }

  func erase(_ subject: DataSubject, in unit: Kernel.Unit) throws -> ErasedPart {
    crash.reach()
    let part = try base.erase(subject, in: unit)
    crash.reach()
    return part
  }
}

/// Dies before and after the record key's end.
private struct CrashingKeys: PersonKeys {
  let base: VaultPersonKeys
  let crash: CrashPoint

  func seal(_ bytes: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8] {
    try await base.seal(bytes, of: subject, place: place)
  }

  func open(_ sealed: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8] {
    try await base.open(sealed, of: subject, place: place)
  }

  func destroy(of subject: DataSubject, in unit: Kernel.Unit) throws -> Bool {
    crash.reach()
    let isDestroyed = try base.destroy(of: subject, in: unit)
    crash.reach()
    return isDestroyed
  }
}

/// The same keys in every process; there is no key service here.
private struct ProbeKeys: KeySource {
  func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame {
    let secret = SecretBytes(copying: [UInt8](repeating: 0x42, count: 32))
    switch frame.body["op"]?.string {
    case "key.lease":
      let suite = Suite(word: frame.body["suite"]?.string ?? "") ?? .sm4GCM
      return VaultFrame(
        [
          ("key", .bytes(ID<DataKey>(high: 1, low: UInt64(suite.rawValue)).bytes)),
          ("count", frame.body["count"] ?? .null),
        ], secret: secret)
    case "key.fetch":
      let suite: Suite = frame.body["key"]?.byteString?.last == Suite.sm4GCM.rawValue ? .sm4GCM : .aes256GCM
      return VaultFrame([("suite", .text(suite.word))], secret: secret)
    default: return VaultFrame([("ok", .bool(true))], secret: secret)
    }
  }
}
