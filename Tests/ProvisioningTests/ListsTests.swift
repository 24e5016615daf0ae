import Foundation
import Guomi
import KeyLadder
import Kernel
import TestSupport
import Testing

@testable import Provisioning

@Suite("Lists of stations, lots and keys, and their ends", .clause("9.4d", "9.2.2b"), .timeLimit(.minutes(10)))
struct ListsTests {
  @Test("lots are found by note, station, id and state, newest first, page by page", arguments: Backend.allCases)
  func lots(backend: Backend) async throws {
    let factory = try await Factory(backend, stationName: "LINE_1")
    let (provisioning, principal) = (factory.provisioning, factory.principal)
    let (clock, now) = (factory.fresh.clock, factory.fresh.clock.now)
    func open(_ note: String, from: Int = 0, until: Int = 600, quota: Int = 2) async throws -> ProvisioningLot {
      // Ids of one millisecond have no order.
      clock.advance(by: .milliseconds(1))
      return try await provisioning.openLot(
        station: factory.station.id, quota: quota, from: now.advanced(by: .seconds(from)),
        until: now.advanced(by: .seconds(until)), note: " \(note) ", by: principal)
    }
    let closed = try await open("closed")
    _ = try await provisioning.closeLot(closed.id, by: principal)
    _ = try await open("coming", from: 100)
    _ = try await open("over", from: -100, until: 0)
    let full = try await open("full", quota: 1)
    _ = try await factory.provision(factory.element("LK-1"), full)
    let file = try await open("file")
    _ = try await provisioning.file(
      lot: file.id, devices: [.init(element: nil, device: Array("WM-1".utf8))], by: principal)
    let last = try await open("50%_open")
    for state in ProvisioningLot.State.allCases {
      let found = try await provisioning.lots(LotQuery(state: state), by: principal).items
      #expect(found.map(\.lot.note) == [state == .open ? "50%_open" : state.rawValue], "\(state)")
      #expect(found.allSatisfy { $0.lot.state(at: now) == state && ($0.fileMadeAt != nil) == (state == .file) })
    }
    func notes(_ text: String) async throws -> [String] {
      try await provisioning.lots(LotQuery(text: text), by: principal).items.map(\.lot.note)
    }
    for text in ["OPEN", "0%_", last.id.description] { #expect(try await notes(text) == ["50%_open"], "\(text)") }
    #expect(try await notes("e_1").count == 6)
    #expect(try await notes("ex1").isEmpty)
    let first = try await provisioning.lots(LotQuery(page: PageRequest(limit: 4)), by: principal)
    let rest = try await provisioning.lots(LotQuery(page: PageRequest(cursor: first.next, limit: 4)), by: principal)
    #expect((first.items + rest.items).map(\.lot.note) == ["50%_open", "file", "full", "over", "coming", "closed"])
    #expect(rest.next == nil)
    let stranger = Principal(
      id: factory.fresh.work.ids.next(), kind: .person, organisation: factory.fresh.work.ids.next(), name: "Stranger",
      permissions: [.devicesRead])
    #expect(try await provisioning.lots(LotQuery(), by: stranger).items.isEmpty)
    let station = try #require(try await provisioning.stations(StationQuery(text: "line"), by: principal).items.first)
    #expect(station.lots == 6 && station.openLots == 1 && station.devices == 2)
  }

  @Test("keys are found by device, element, lot and state", arguments: Backend.allCases)
  func keys(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let (provisioning, principal) = (factory.provisioning, factory.principal)
    let lot = try await factory.lot()
    for device in ["LK-1", "LK-2"] {
      _ = try await factory.provision(factory.element(device), lot)
      factory.fresh.clock.advance(by: .milliseconds(1))
    }
    let other = try await factory.lot()
    _ = try await provisioning.file(
      lot: other.id, devices: [.init(element: nil, device: Array("WM-1".utf8))], by: principal)
    try await provisioning.withdraw(device: "LK-2", isCompromised: true, because: "  opened ", by: principal)
    func devices(_ query: KeyQuery) async throws -> [String] {
      try await provisioning.keys(query, by: principal).items.map(\.key.device)
    }
    #expect(try await devices(KeyQuery()) == ["WM-1", "LK-2", "LK-1"])
    #expect(try await devices(KeyQuery(text: "lk-")) == ["LK-2", "LK-1"])
    // An element's id is kept as digits: SE is 5345.
    #expect(try await devices(KeyQuery(text: "5345")) == ["LK-2", "LK-1"])
    #expect(try await devices(KeyQuery(lot: other.id)) == ["WM-1"])
    #expect(try await devices(KeyQuery(state: .compromised)) == ["LK-2"])
    #expect(try await devices(KeyQuery(hasElement: false)) == ["WM-1"])
    #expect(try await devices(KeyQuery(device: "LK-1")) == ["LK-1"])
    let state = try await provisioning.keyState(of: "LK-2", by: principal)
    #expect(state.key.withdrawal?.reason == "opened" && state.summary.stationName == "ST-1" && state.session == nil)
  }

  @Test("a blocked station says why, gets its file no more, and can be let in again", arguments: Backend.allCases)
  func unblocks(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let (provisioning, principal) = (factory.provisioning, factory.principal)
    let lot = try await factory.lot()
    await #expect(throws: ProvisioningError.self) {
      try await provisioning.blockStation(factory.station.id, because: " ", by: principal)
    }
    try await provisioning.blockStation(factory.station.id, because: "stolen", by: principal)
    let blocked = try await provisioning.station(factory.station.id, by: principal)
    #expect(blocked.block == .init(at: factory.fresh.clock.now, reason: "stolen"))
    #expect(try await provisioning.stations(StationQuery(isBlocked: false), by: principal).items.isEmpty)
    await #expect(throws: ProvisioningError.stationBlocked) {
      try await provisioning.madeFile(of: lot.id, by: principal)
    }
    let reader = factory.fresh.principal([.devicesRead])
    await #expect(throws: ProvisioningError.denied(Denied(permission: .devicesWrite))) {
      try await provisioning.unblockStation(factory.station.id, because: "found", by: reader)
    }
    try await provisioning.unblockStation(factory.station.id, because: "found", by: principal)
    #expect(try await !provisioning.station(factory.station.id, by: principal).isBlocked)
    _ = try await factory.provision(factory.element("LK-1"), lot)
  }

  @Test("a file is kept, and one that could not be made is made of the same devices", arguments: Backend.allCases)
  func file(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let (provisioning, principal) = (factory.provisioning, factory.principal)
    let lot = try await factory.lot(quota: 3)
    let holders = try (1...2).map { try KeyLadder.Holder(element: nil, device: Array("WM-\($0)".utf8)) }
    await #expect(throws: ProvisioningError.fileUnknown) { try await provisioning.madeFile(of: lot.id, by: principal) }
    factory.keys.fail(.unavailable)
    await #expect(throws: ProvisioningError.keyServiceUnavailable) {
      try await provisioning.file(lot: lot.id, devices: holders, by: principal)
    }
    factory.keys.fail(nil)
    let more = holders + [try KeyLadder.Holder(element: nil, device: Array("WM-3".utf8))]
    for others in [more, [holders[0]], [holders[0], holders[0]]] {
      await #expect(throws: ProvisioningError.lotClosed) {
        try await provisioning.file(lot: lot.id, devices: others, by: principal)
      }
    }
    let made = try await provisioning.file(lot: lot.id, devices: holders.reversed(), by: principal)
    #expect(try await provisioning.madeFile(of: lot.id, by: principal) == made)
    let entries = try ProvisioningBatch.open(
      made, station: Array("ST-1".utf8), now: factory.fresh.clock.now.unixSeconds,
      platform: factory.keys.platform.verifyingKey
    ) { try factory.decryption.decrypt($0) }.entries
    for entry in entries {
      let record = try #require(
        try await provisioning.key(of: String(decoding: entry.holder.device, as: UTF8.self)))
      #expect(record.checkValue == KeyLadder.checkValue(entry.key) && record.random == entry.random)
    }
    #expect(entries.count == 2)
    await #expect(throws: ProvisioningError.lotClosed) {
      try await provisioning.file(lot: lot.id, devices: holders, by: principal)
    }
    #expect(try await provisioning.lot(lot.id, by: principal).used == 2)
  }

  @Test("all keys of a lot are withdrawn, those of another stay", arguments: Backend.allCases)
  func wholeLot(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let (provisioning, principal) = (factory.provisioning, factory.principal)
    let lot = try await factory.lot(quota: Provisioning.withdrawnAtOnce + 1)
    let holders = try (0...Provisioning.withdrawnAtOnce).map {
      try KeyLadder.Holder(element: nil, device: Array("WM-\($0)".utf8))
    }
    _ = try await provisioning.file(lot: lot.id, devices: holders, by: principal)
    _ = try await factory.provision(factory.element("LK-1"), factory.lot())
    let count = try await provisioning.withdraw(
      lot: lot.id, isCompromised: true, because: "the file was copied", by: principal)
    #expect(count == Provisioning.withdrawnAtOnce + 1)
    #expect(try await provisioning.lot(lot.id, by: principal).closedAt != nil)
    #expect(try await provisioning.key(of: "WM-0") == nil)
    #expect(try await provisioning.key(of: "LK-1") != nil)
    #expect(try await provisioning.withdraw(lot: lot.id, isCompromised: true, because: "x", by: principal) == 0)
    #expect(try await provisioning.keyedDevices().contains("WM-0"))
  }

  @Test("a station's key is read in every form that makers send, and of this curve only")
  func keyText() throws {
    let random = RandomSource { count in Array(repeating: 3, count: count) }
    let key = try SM2.SigningKey.generate(random: random).verifyingKey.point
    let digits = key.x963.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    let texts = [
      key.pem, Data(key.x963).base64EncodedString(), Data(key.der).base64EncodedString(), digits,
      digits.uppercased(), " \n\(Data(key.x963).base64EncodedString())\n",
    ]
    for text in texts { #expect(FactoryStation.key(text: text) == key.x963, "\(text)") }
    let p256 = """
      -----BEGIN PUBLIC KEY-----
      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54W
      K84zV2sxXs7LtkBoN79R9Q==
      -----END PUBLIC KEY-----
      """
    for text in ["", "x", p256, String(digits.dropLast(2)), String(repeating: "0", count: 130)] {
      #expect(FactoryStation.key(text: text) == nil, "\(text)")
    }
    #expect(FactoryStation.fingerprint(of: key.x963).count == 39)
  }
}
