import Guomi
import Kernel
import SQLStore
import Synchronization
import TestSupport
import Testing
@testable import Vault

@Suite("A sealed value")
struct SealedTests {
  static let phone = "13812345678"

  @Test("opens where it belongs, and lies in the store without a trace of itself", .clause("9.2.2a", "9.4c"))
  func opens() async throws {
    let stand = Stand()
    let important: Sealed<String, Important> = try await stand.sealed(Self.phone)
    let sensitive: Sealed<String, Sensitive> = try await stand.sealed(Self.phone)
    #expect(important.stored[1] == 1 && sensitive.stored[1] == 2)
    for stored in [important.stored, sensitive.stored] {
      #expect(!stored.contains(Array(Self.phone.utf8)))
      #expect(stored.count == 74)
    }
    let again: Sealed<String, Important> = try await stand.sealed(Self.phone)
    #expect(again.stored != important.stored)
    #expect(try await stand.vault.open(important, at: stand.place(), for: stand.access()).reveal() == Self.phone)
    #expect(try await stand.vault.open(sensitive, at: stand.place(), for: stand.access()).reveal() == Self.phone)
    let empty: Sealed<String, Sensitive> = try await stand.sealed("")
    #expect(try await stand.vault.open(empty, at: stand.place(), for: stand.access()).reveal() == "")
  }

  @Test("does not open in another row, column, table or organisation", .clause("9.2.2a"))
  func moved() async throws {
    let stand = Stand()
    let important: Sealed<String, Important> = try await stand.sealed(Self.phone)
    let sensitive: Sealed<String, Sensitive> = try await stand.sealed(Self.phone)
    let organisation = stand.organisation
    for place in [
      stand.place(row: 2), stand.place("name"),
      SealedPlace(organisation: organisation, table: "account", column: "phone", row: [1]),
      // Nor do parts that read the same one after the other.
      SealedPlace(organisation: organisation, table: "residentp", column: "hone", row: [1]),
      SealedPlace(organisation: organisation, table: "resident", column: "phone", row: [1, 0]),
    ] {
      await #expect(throws: VaultError.notAuthentic) {
        try await stand.vault.open(important, at: place, for: stand.access())
      }
      await #expect(throws: VaultError.notAuthentic) {
        try await stand.vault.open(sensitive, at: place, for: stand.access())
      }
    }
    let foreign = SealedPlace(organisation: ID(high: 0, low: 1), table: "resident", column: "phone", row: [1])
    await #expect(throws: VaultError.keyUnknown) {
      try await stand.vault.open(important, at: foreign, for: stand.access())
    }
  }

  @Test("does not open when any byte was changed, nor under another suite's name", .clause("9.2.2a"))
  func changed() async throws {
    let stand = Stand()
    let important: Sealed<String, Important> = try await stand.sealed(Self.phone)
    let sensitive: Sealed<String, Sensitive> = try await stand.sealed(Self.phone)
    for index in 0..<important.stored.count {
      for stored in [important.stored, sensitive.stored] {
        var bad = stored
        bad[index] ^= 0x40
        await #expect(throws: VaultError.self) {
          if stored[1] == 1 {
            _ = try await stand.vault.open(
              Sealed<String, Important>(stored: bad), at: stand.place(), for: stand.access())
          } else {
            _ = try await stand.vault.open(
              Sealed<String, Sensitive>(stored: bad), at: stand.place(), for: stand.access())
          }
        }
      }
    }
    var other = important.stored
    other[1] = 2
    #expect(throws: VaultError.malformed) { try Sealed<String, Important>(stored: other) }
    await #expect(throws: VaultError.notAuthentic) {
      try await stand.vault.open(
        Sealed<String, Sensitive>(stored: other), at: stand.place(), for: stand.access())
    }
    other[1] = 9
    #expect(throws: VaultError.unknownSuite(9)) { try Sealed<String, Important>(stored: other) }
    #expect(throws: VaultError.malformed) { try Sealed<String, Important>(stored: Array(important.stored.prefix(62))) }
  }

  @Test("made under an old key opens after the key was changed; one under a lost key says so")
  func oldKey() async throws {
    let stand = Stand()
    let old: Sealed<String, Important> = try await stand.sealed(Self.phone)
    stand.keys.rotate()
    stand.vault.forget()
    let new: Sealed<String, Important> = try await stand.sealed(Self.phone)
    #expect(old.key != new.key)
    for sealed in [old, new] {
      #expect(try await stand.vault.open(sealed, at: stand.place(), for: stand.access()).reveal() == Self.phone)
    }
    stand.vault.forget()
    old.key.map { stand.keys.lose($0) }
    await #expect(throws: VaultError.keyUnknown) {
      try await stand.vault.open(old, at: stand.place(), for: stand.access())
    }
  }

  @Test("is opened only with a right and a reason, and never without its entry in the audit log", .clause("9.3d"))
  func audited() async throws {
    let stand = Stand()
    let sealed: Sealed<String, Important> = try await stand.sealed(Self.phone)
    await #expect(throws: VaultError.self) {
      try await stand.vault.open(sealed, at: stand.place(), for: stand.access(permissions: [.privacyRead]))
    }
    for reason in ["", String(repeating: "x", count: 501)] {
      await #expect(throws: VaultError.reasonMissing) {
        try await stand.vault.open(sealed, at: stand.place(), for: stand.access(reason))
      }
    }
    #expect(stand.entries.all.isEmpty)
    _ = try await stand.vault.open(sealed, at: stand.place(), for: stand.access())
    _ = try? await stand.vault.open(sealed, at: stand.place(row: 3), for: stand.access())
    #expect(stand.entries.all.map(\.failure) == [nil, "vault.notAuthentic"])
    #expect(stand.entries.all.map(\.access.reason) == Array(repeating: "call about a leak", count: 2))
    #expect(stand.entries.all[0].place == stand.place() && stand.entries.all[0].key == sealed.key)
    stand.entries.isBroken.withLock { $0 = true }
    await #expect(throws: VaultError.auditFailed) {
      try await stand.vault.open(sealed, at: stand.place(), for: stand.access())
    }
  }

  @Test("can neither be made nor opened while the key service is down, and nothing goes into the clear")
  func down() async throws {
    let stand = Stand()
    let sealed: Sealed<String, Important> = try await stand.sealed(Self.phone)
    stand.vault.forget()
    for error in [VaultError.unreachable("down"), .sealed, .tokenGone] {
      stand.keys.fail(error)
      await #expect(throws: error) {
        try await stand.vault.sealer(Important.self, organisation: stand.organisation, purpose: "residents")
      }
      await #expect(throws: error) { try await stand.vault.open(sealed, at: stand.place(), for: stand.access()) }
      #expect(error.kind == .unavailable)
    }
    stand.keys.fail(nil)
    #expect(try await stand.vault.open(sealed, at: stand.place(), for: stand.access()).reveal() == Self.phone)
  }

  @Test("prints nothing of itself: neither it, nor what is open, nor a record key, nor an error", .clause("9.3d"))
  func prints() async throws {
    struct Holder { let sealed: Sealed<String, Important>; let opened: Opened<String>; let record: RecordKey }
    let stand = Stand()
    let sealed: Sealed<String, Important> = try await stand.sealed(Self.phone)
    let opened = try await stand.vault.open(sealed, at: stand.place(), for: stand.access())
    let salt = Array("a salt, 16 bytes".utf8)
    let holder = Holder(sealed: sealed, opened: opened, record: RecordKey(salt: salt))
    var text = ""
    dump(holder, to: &text)
    text += "\(holder) \(String(reflecting: holder)) \(sealed) \(opened) \(holder.record)"
    for child in Mirror(reflecting: opened).children { text += "\(child)" }
    text += "\(VaultError.notAuthentic) \(VaultError.refused(code: "x", detail: "y").reason)"
    #expect(!text.contains("138") && !text.contains("97, 32") && !text.contains("salt, 16"))
    #expect(text.contains("‹sealed›") && text.contains("‹opened›") && text.contains("‹record key›"))
  }

  @Test("is a person's no more when the person's record key is destroyed", .clause("9.3d"))
  func erased() async throws {
    let stand = Stand()
    let fresh = try await Fresh.inMemory()
    let (organisation, vault) = (stand.organisation, stand.vault)
    let person: [UInt8] = Array("person one".utf8)
    let salt = try vault.newSalt()
    let record = try await fresh.work.run(VaultError.self) { unit in
      try unit.recordKey(organisation: organisation, subject: person, salt: salt)
    }
    let again = try await fresh.work.run(VaultError.self) { unit in
      try unit.recordKey(organisation: organisation, subject: person, salt: Array(repeating: 9, count: 16))
    }
    #expect(again == record)
    let important: Sealed<String, Important> = try await stand.sealed(Self.phone, record: record)
    let sensitive: Sealed<String, Sensitive> = try await stand.sealed(Self.phone, record: record)
    #expect(!important.stored.contains(salt) && !sensitive.stored.contains(salt))
    #expect(
      try await vault.open(sensitive, at: stand.place(), record: record, for: stand.access()).reveal() == Self.phone)
    // Another person's key does not open it, nor does none.
    await #expect(throws: VaultError.notAuthentic) {
      try await vault.open(
        important, at: stand.place(), record: RecordKey(salt: Array(repeating: 1, count: 16)), for: stand.access())
    }
    let isDestroyed = try await fresh.work.run(VaultError.self) { unit in
      [
        try unit.destroyRecordKey(organisation: organisation, subject: person),
        try unit.destroyRecordKey(organisation: organisation, subject: person),
      ]
    }
    #expect(isDestroyed == [true, false])
    await #expect(throws: VaultError.erased) {
      _ = try await fresh.work.read(VaultError.self) { sql in
        try sql.recordKey(organisation: organisation, subject: person)
      }
    }
    await #expect(throws: VaultError.erased) {
      _ = try await fresh.work.run(VaultError.self) { unit in
        try unit.recordKey(organisation: organisation, subject: person, salt: salt)
      }
    }
    await #expect(throws: VaultError.erased) { try await vault.open(sensitive, at: stand.place(), for: stand.access()) }
  }

  @Test("masked shows the ends only")
  func masks() {
    #expect(Mask.phone(Self.phone) == "138****5678")
    #expect(Mask.phone("1234567") == "*******")
    #expect(Mask.documentNumber("110101199003071234") == "110***********1234")
    #expect(Mask.name("张三丰") == "张**")
    #expect(Mask.name("") == "")
  }
}
