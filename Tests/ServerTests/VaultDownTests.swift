import Accounts
import Alarms
import CertificateAuthority
import Devices
import Foundation
import Kernel
import KeyService
import NIOCore
import NIOPosix
import TestSupport
import Testing
import Vault
import VirtualBuilding

@testable import Server

/// The key service is killed beside a running server: what needs no secret goes on, what needs one says so, nothing is
/// written in the clear, and all works again when it is back.
@Suite("A server whose key service is killed")
struct VaultDownTests {
  private static let phone = "13800005270"
  private static let late = "13977778888"

  @Test(
    "goes on taking in what devices say, says clearly what it cannot open, and works again",
    .clause("9.2.2a", "9.3d", "9.4a"))
  func killed() async throws {
    let house = try ServerHouse()
    let vault = try await house.startVault()
    let server = try await AnjuServer.open(house.settings(), logger: .silent)
    let first = try #require(server.first)
    let platform = try #require(try await server.contexts.accounts.platform())
    let folder = house.folder.url.appending(path: "building")
    let plan = BuildingPlan(floors: 10, roomsPerFloor: 1)
    let estate = VirtualEstate(
      estate: server.contexts.estate, devices: server.contexts.devices,
      authorityPEM: try server.certificates.authority.certificatePEM, folder: folder, plan: plan)
    try await estate.prepare(by: platform)
    try await house.serving(server) { addresses in
      let building = try house.building(plan, in: folder, at: addresses)
      building.start()
      let person = try await Self.prepare(server, first)
      try await readingsCome(building, server, platform)
      await vault.kill()
      // As after a quarter of an hour: no key is at hand any more.
      server.vault.vault.forget()
      try await readingsCome(building, server, platform)
      try await raisesAlarm(building, server, platform)
      try await refuses(server, person, first)
      try nothingInTheClear(house)
      let again = try await house.startVault()
      try await again.during {
        let value = try await server.contexts.accounts.openContact(
          .phone, of: person.account, reason: "a leak", by: person.operator)
        #expect(value == Self.phone)
        try await Self.verify(person, server)
        _ = try await server.contexts.accounts.setContact(Self.late, of: person.account, by: person.administrator)
      }
      try nothingInTheClear(house)
      await building.stop()
    }
  }

  /// Whose contact and second factor are sealed.
  struct Person: Sendable {
    let account: ID<Principal>
    let name: String
    let password: String
    let secret: String
    let administrator: Principal
    let `operator`: Principal
  }

  private static func prepare(_ server: AnjuServer, _ first: Accounts.First) async throws -> Person {
    let accounts = server.contexts.accounts
    func principal(_ account: Account, _ role: Role) -> Principal {
      Principal(
        id: account.id, kind: .person, organisation: account.organisation, name: account.displayName,
        permissions: role.permissions, assurance: .secondFactor(at: SystemSources.time.now()))
    }
    let administrator = principal(first.administrator, .systemAdministrator)
    _ = try await accounts.setContact(phone, of: first.operator.id, by: administrator)
    let origin = Origin(address: "192.0.2.1", agent: "test")
    let opened = try await accounts.signIn(name: "operator", password: first.operatorPassword, from: origin)
    let offer = try await accounts.offerSecondFactor(password: first.operatorPassword, by: opened.principal)
    _ = try await accounts.confirmSecondFactor(
      code: code(offer.secret), session: opened.token, by: opened.principal)
    return Person(
      account: first.operator.id, name: "operator", password: first.operatorPassword, secret: offer.secret,
      administrator: administrator, operator: principal(first.operator, .operator))
  }

  /// One step early, as a phone that is a little fast: the step before was used.
  private static func code(_ secret: String, steps: Int64 = 0) -> String {
    TOTP.code(Base32.bytes(secret), step: TOTP.step(at: SystemSources.time.now()) + steps, .sha1)
  }

  private static func verify(_ person: Person, _ server: AnjuServer) async throws {
    let opened = try await server.contexts.accounts.signIn(
      name: person.name, password: person.password, from: Origin(address: "192.0.2.2", agent: "test"))
    try await server.contexts.accounts.verify(
      code: code(person.secret, steps: 1), session: opened.token, by: opened.principal)
  }

  /// A meter floods; its newest reading moves on, which only a stored one does.
  private func readingsCome(
    _ building: VirtualBuilding, _ server: AnjuServer, _ platform: Principal
  ) async throws {
    let devices = server.contexts.devices
    let flood = try #require(Mischief("flood", ["20", "20"]))
    try await until { await building.happen(flood, to: "EM-0101").map(\.isDone) == [true] }
    func newest() async throws -> Instant? {
      let meter = try await devices.device(named: "EM-0101", by: platform).device.id
      return try await devices.latest(meter, by: platform).map(\.receivedAt).max()
    }
    try await until { try await newest() != nil }
    let before = try #require(try await newest())
    try await until { try #require(try await newest()) > before }
  }

  private func raisesAlarm(_ building: VirtualBuilding, _ server: AnjuServer, _ platform: Principal) async throws {
    let tamper = try #require(Mischief("tamper", []))
    #expect(await building.happen(tamper, to: "LK-0201").map(\.isDone) == [true])
    try await until {
      let open: [Alarm] = try await server.contexts.alarms.list(AlarmQuery(), by: platform).items
      return open.map { "\($0.source.deviceName) \($0.source.event)" }.contains("LK-0201 tamper")
    }
  }

  private func refuses(_ server: AnjuServer, _ person: Person, _ first: Accounts.First) async throws {
    let accounts = server.contexts.accounts
    let error = await #expect(throws: AccountsError.sealed) {
      try await accounts.openContact(.phone, of: person.account, reason: "a leak", by: person.operator)
    }
    #expect(error?.kind == .unavailable && error?.code == "secrets.unavailable")
    await #expect(throws: AccountsError.sealed) {
      try await accounts.setContact(Self.late, of: person.account, by: person.administrator)
    }
    let factor = await #expect(throws: AccountsError.factorSealed) { try await Self.verify(person, server) }
    #expect(factor?.remedy.contains("recovery code") == true)
    // Masked it is still shown; whoever has no second factor still signs in.
    let masked = try await accounts.contacts(of: person.account, by: person.administrator).map(\.masked)
    #expect(masked == ["138****5270"])
    let opened = try await accounts.signIn(
      name: "admin", password: first.administratorPassword, from: Origin(address: "192.0.2.3", agent: "test"))
    #expect(opened.principal.isComplete)
  }

  private func nothingInTheClear(_ house: ServerHouse) throws {
    let data = URL(fileURLWithPath: house.folder.path("data"))
    for found in try Canary.files(below: data) {
      let bytes = try Data(contentsOf: found)
      for text in [Self.phone, Self.late] {
        #expect(bytes.range(of: Data(text.utf8)) == nil, "\(text) in \(found.lastPathComponent)")
      }
    }
  }
}
