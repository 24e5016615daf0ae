import Kernel
import SQLStore
import TestSupport
import Testing
import Vault

@testable import Accounts

@Suite("A contact of an account", .clause("9.3d"))
struct ContactTests {
  private static let phone = "138 0000 5270"

  /// The whole table as bytes, as somebody finds it who takes the file.
  private func table(_ house: House) async throws -> [UInt8] {
    try await house.fresh.store.read { sql in
      try sql.rows("SELECT * FROM account_contact").flatMap { row in
        try row.blob("sealed") + row.blob("search") + Array(row.text("masked").utf8)
      }
    }
  }

  @Test("is sealed, masked, found by the whole of it, and opened with a reason that is audited", .clause("9.2.2a"),
    arguments: Backend.allCases)
  func sealed(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let wang = try await house.add("wang")
    let li = try await house.add("li")
    let shown = try await house.accounts.setContact(Self.phone, of: wang.id, by: house.administrator)
    #expect(shown.masked == "138****5270" && shown.verifiedAt == nil)
    _ = try await house.accounts.setContact("+86 138-0000-5270", of: li.id, by: house.administrator)
    _ = try await house.accounts.setContact("Wang.Fang@Example.org", of: wang.id, by: house.administrator)
    let bytes = try await table(house)
    for text in ["13800005270", "Wang.Fang", "wang.fang"] {
      #expect(!bytes.indices.contains { bytes[$0...].starts(with: text.utf8) }, "\(text)")
    }
    let masked = try await house.accounts.contacts(of: wang.id, by: house.administrator)
    #expect(masked.map(\.masked) == ["138****5270", "w***@example.org"])
    let `operator` = house.operator
    for typed in ["13800005270", "0086 138 0000 5270"] {
      let found = try await house.accounts.holders(ofContact: typed, by: `operator`)
      #expect(found.map(\.name) == ["li", "wang"] && found.allSatisfy { $0.contact.masked == "138****5270" })
    }
    let byMail = try await house.accounts.holders(ofContact: "WANG.FANG@example.org", by: `operator`)
    #expect(byMail.map(\.name) == ["wang"])
    #expect(try await house.accounts.holders(ofContact: "1380000527", by: `operator`).isEmpty)
    #expect(house.openings.all.isEmpty)
    let value = try await house.accounts.openContact(.phone, of: wang.id, reason: "a leak in 302", by: `operator`)
    #expect(value == "13800005270")
    let opening = try #require(house.openings.all.first)
    #expect(opening.access.reason == "a leak in 302" && opening.access.principal.id == `operator`.id)
    #expect(opening.place == Accounts.contactPlace(.phone, wang.id, wang.organisation) && opening.failure == nil)
  }

  @Test("is opened by nobody without the right or the reason, and searched for by nobody without the right")
  func refused() async throws {
    let house = try await House.open()
    let wang = try await house.add("wang")
    _ = try await house.accounts.setContact(Self.phone, of: wang.id, by: house.administrator)
    await #expect(throws: AccountsError.denied(.privacyOpen)) {
      try await house.accounts.openContact(.phone, of: wang.id, reason: "why not", by: house.administrator)
    }
    await #expect(throws: AccountsError.denied(.privacyOpen)) {
      let ofOneBuilding = house.somebody([.privacyOpen], in: .building(ID(high: 1, low: 1)))
      _ = try await house.accounts.openContact(.phone, of: wang.id, reason: "a building's own", by: ofOneBuilding)
    }
    for reason in ["", String(repeating: "x", count: 501)] {
      let error = await #expect(throws: AccountsError.self) {
        try await house.accounts.openContact(.phone, of: wang.id, reason: reason, by: house.operator)
      }
      #expect(error?.kind == .invalid)
    }
    await #expect(throws: AccountsError.contactMissing) {
      try await house.accounts.openContact(.mail, of: wang.id, reason: "a bill", by: house.operator)
    }
    await #expect(throws: AccountsError.denied(.privacyRead)) {
      try await house.accounts.holders(ofContact: Self.phone, by: house.administrator)
    }
    await #expect(throws: AccountsError.denied(.accountsWrite)) {
      try await house.accounts.setContact(Self.phone, of: wang.id, by: house.operator)
    }
    for text in ["12345", "a@b", "x y z", "@example.org", "w@example.org 13800005270"] {
      let error = await #expect(throws: AccountsError.self) {
        try await house.accounts.setContact(text, of: wang.id, by: house.administrator)
      }
      #expect(error?.kind == .invalid)
    }
    #expect(house.openings.all.isEmpty)
    let own = try await house.signIn("wang").principal
    #expect(try await house.accounts.openContact(.phone, of: wang.id, reason: "", by: own) == "13800005270")
  }

  @Test("moved to another account, to another field, or changed does not open", .clause("9.2.2a"))
  func moved() async throws {
    let house = try await House.open()
    let wang = try await house.add("wang")
    let li = try await house.add("li")
    for (id, phone) in [(wang.id, "13800005270"), (li.id, "13900001111")] {
      _ = try await house.accounts.setContact(phone, of: id, by: house.administrator)
    }
    let mail = "w@example.org"
    _ = try await house.accounts.setContact(mail, of: wang.id, by: house.administrator)
    func expectUnreadable() async throws {
      for kind in [ContactKind.phone, .mail] {
        await #expect(throws: AccountsError.unreadable("vault.notAuthentic")) {
          try await house.accounts.openContact(kind, of: wang.id, reason: "a leak", by: house.operator)
        }
      }
    }
    // The telephone number into the mail's field and the other way round, then both replaced by another account's.
    _ = try await house.fresh.store.write { sql in
      let own = try sql.contacts(of: wang.id, wang.organisation)
      for (contact, other) in zip(own, own.reversed()) {
        try sql.execute(
          """
          UPDATE account_contact SET sealed = \(other.sealed)
          WHERE account = \(wang.id) AND kind = \(contact.shown.kind.rawValue)
          """)
      }
    }
    try await expectUnreadable()
    _ = try await house.fresh.store.write { sql in
      try sql.execute(
        """
        UPDATE account_contact SET sealed = (SELECT o.sealed FROM account_contact o WHERE o.account = \(li.id))
        WHERE account = \(wang.id)
        """)
    }
    try await expectUnreadable()
    #expect(house.openings.all.map(\.failure) == Array(repeating: "vault.notAuthentic", count: 4))
  }

  @Test("is neither written nor opened while the key service is down; masked it is still shown")
  func down() async throws {
    let house = try await House.open()
    let wang = try await house.add("wang")
    _ = try await house.accounts.setContact(Self.phone, of: wang.id, by: house.administrator)
    house.vault.forget()
    for failure in [VaultError.unreachable("down"), .sealed, .tokenGone, .storeFull] {
      house.keys.fail(failure)
      let error = await #expect(throws: AccountsError.sealed) {
        try await house.accounts.openContact(.phone, of: wang.id, reason: "a leak", by: house.operator)
      }
      #expect(error?.kind == .unavailable)
      await #expect(throws: AccountsError.sealed) {
        try await house.accounts.setContact("13911112222", of: wang.id, by: house.administrator)
      }
      await #expect(throws: AccountsError.sealed) {
        try await house.accounts.holders(ofContact: Self.phone, by: house.operator)
      }
    }
    #expect(try await house.accounts.contacts(of: wang.id, by: house.administrator).map(\.masked) == ["138****5270"])
    house.keys.fail(nil)
    #expect(
      try await house.accounts.openContact(.phone, of: wang.id, reason: "a leak", by: house.operator) == "13800005270")
  }

  @Test("written down by the staff gets no code; no code is sent while it cannot be opened")
  func codes() async throws {
    let house = try await House.open()
    let wang = try await house.add("wang")
    _ = try await house.accounts.setContact(Self.phone, of: wang.id, by: house.administrator)
    _ = try await house.accounts.askReset(name: "wang", from: House.origin)
    #expect(house.messenger.count == 0)
    let opened = try await house.signIn("wang")
    let offer = try await house.accounts.offerContact(Self.phone, password: House.password, by: opened.principal)
    let code = try #require(house.messenger.code(to: "13800005270"))
    // Another account's offer is none.
    _ = try await house.add("li")
    let other = try await house.signIn("li")
    await #expect(throws: AccountsError.codeWrong) {
      try await house.accounts.confirmContact(offer: offer, code: code, by: other.principal)
    }
    try await house.accounts.confirmContact(offer: offer, code: code, by: opened.principal)
    #expect(try await house.accounts.contacts(of: wang.id, by: opened.principal).first?.verifiedAt != nil)
    // The same number written down once more stays verified.
    _ = try await house.accounts.setContact(Self.phone, of: wang.id, by: house.administrator)
    #expect(try await house.accounts.contacts(of: wang.id, by: opened.principal).first?.verifiedAt != nil)
    let before = house.messenger.count
    house.vault.forget()
    house.keys.fail(.unreachable("down"))
    _ = try await house.accounts.askReset(name: "wang", from: House.origin)
    #expect(house.messenger.count == before)
    house.keys.fail(nil)
    _ = try await house.accounts.askReset(name: "wang", from: House.origin)
    #expect(house.messenger.count == before + 1)
    try await house.accounts.removeContact(.phone, of: wang.id, by: opened.principal)
    #expect(try await house.accounts.contacts(of: wang.id, by: opened.principal).isEmpty)
  }

  @Test("opens nothing any more once the person's record key is destroyed, and none is written anew")
  func erased() async throws {
    let house = try await House.open()
    let wang = try await house.add("wang")
    _ = try await house.accounts.setContact(Self.phone, of: wang.id, by: house.administrator)
    _ = try await house.fresh.work.transaction { unit in
      try unit.destroyRecordKey(organisation: wang.organisation, subject: wang.id.bytes)
    }
    await #expect(throws: AccountsError.contactMissing) {
      try await house.accounts.openContact(.phone, of: wang.id, reason: "a leak", by: house.operator)
    }
    await #expect(throws: AccountsError.contactMissing) {
      try await house.accounts.setContact("13911112222", of: wang.id, by: house.administrator)
    }
  }
}
