import Guomi
import KeyLadder
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Provisioning

@Suite("Keys for devices, at the factory", .clause("9.4a", "9.4d", "9.2.2b"), .timeLimit(.minutes(10)))
struct ProvisioningTests {
  @Test("a device gets a key that only it can open, and the platform keeps none of it", arguments: Backend.allCases)
  func gives(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let lot = try await factory.lot()
    let element = try factory.element("LK-1")
    let key = try element.open(await factory.provision(element, lot), factory)
    let record = try #require(try await factory.provisioning.key(of: "LK-1"))
    #expect(record.state == .issued && record.checkValue == KeyLadder.checkValue(key))
    #expect(record.random == element.request.random && record.rootVersion == 1)
    #expect(try await factory.provisioning.lot(lot.id, by: factory.principal).used == 1)
    let bytes = key.withUnsafeBytes { Array($0) }
    let stored = try await factory.fresh.store.read { sql in
      try sql.rows("SELECT * FROM device_key").map { try $0.optionalBlob("check_value") }
    }
    #expect(!stored.contains { $0 == bytes })
  }

  @Test("the same request again is answered again and counts once", arguments: Backend.allCases)
  func again(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let lot = try await factory.lot()
    let element = try factory.element("LK-1")
    factory.keys.fail(.unavailable)
    await #expect(throws: ProvisioningError.keyServiceUnavailable) { try await factory.provision(element, lot) }
    #expect(try await factory.provisioning.key(of: "LK-1") == nil)
    factory.keys.fail(nil)
    let one = try element.open(await factory.provision(element, lot), factory)
    let two = try element.open(await factory.provision(element, lot), factory)
    #expect(one == two)
    #expect(try await factory.provisioning.lot(lot.id, by: factory.principal).used == 1)
    let other = try factory.element("LK-1")
    await #expect(throws: ProvisioningError.deviceHasKey("LK-1")) { try await factory.provision(other, lot) }
  }

  @Test("a quota is never exceeded, however many stations ask at once", arguments: Backend.allCases)
  func quota(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let lot = try await factory.lot(quota: 5)
    let elements = try (0..<12).map { try factory.element("LK-\($0)") }
    let given = await withTaskGroup(of: Bool.self) { group in
      for element in elements {
        group.addTask {
          do {
            _ = try await factory.provision(element, lot)
            return true
          } catch {
            return false
          }
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(given == 5)
    #expect(try await factory.provisioning.lot(lot.id, by: factory.principal).used == 5)
    let late = try factory.element("LK-99")
    await #expect(throws: ProvisioningError.quotaExceeded(5)) { try await factory.provision(late, lot) }
  }

  @Test("a closed lot, one outside its time, and a blocked station give nothing")
  func refusals() async throws {
    let factory = try await Factory()
    let element = try factory.element("LK-1")
    let ended = try await factory.lot()
    _ = try await factory.provisioning.closeLot(ended.id, by: factory.principal)
    await #expect(throws: ProvisioningError.lotClosed) { try await factory.provision(element, ended) }
    let lot = try await factory.lot(seconds: 60)
    factory.fresh.clock.advance(by: .seconds(60))
    await #expect(throws: ProvisioningError.lotNotNow) { try await factory.provision(element, lot) }
    let open = try await factory.lot()
    try await factory.provisioning.blockStation(
      factory.station.id, because: "seen at an auction", by: factory.principal)
    await #expect(throws: ProvisioningError.stationBlocked) { try await factory.provision(element, open) }
    await #expect(throws: ProvisioningError.stationBlocked) { try await factory.lot() }
  }

  @Test("a request that the station or the device did not sign gets nothing")
  func forged() async throws {
    let factory = try await Factory()
    let lot = try await factory.lot()
    let element = try factory.element("LK-1")
    await #expect(throws: ProvisioningError.requestForged) {
      try await factory.provision(element, lot, signer: element.signing)
    }
    var message = element.request.message
    message[message.count - 1] ^= 1
    let signature = try factory.signing.sign(
      Provisioning.endorsement(lot: lot.id, request: message), random: factory.random)
    await #expect(throws: ProvisioningError.requestForged) {
      try await factory.provisioning.provision(
        lot: lot.id, message: message, signature: signature.raw, by: factory.principal)
    }
    await #expect(throws: ProvisioningError.requestInvalid(problem: "can not be read")) {
      try await factory.provisioning.provision(
        lot: lot.id, message: [1, 2], signature: signature.raw, by: factory.principal)
    }
    #expect(try await factory.provisioning.lot(lot.id, by: factory.principal).used == 0)
    let reader = factory.fresh.principal([.devicesRead])
    await #expect(throws: ProvisioningError.denied(Denied(permission: .devicesWrite))) {
      try await factory.provisioning.provision(lot: lot.id, message: message, signature: [], by: reader)
    }
  }

  @Test("a station without a network gets a file, once, and the lot takes no more", arguments: Backend.allCases)
  func file(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let lot = try await factory.lot(quota: 3)
    let holders = try (1...3).map { try KeyLadder.Holder(element: nil, device: Array("WM-\($0)".utf8)) }
    let four = holders + [try KeyLadder.Holder(element: nil, device: Array("WM-4".utf8))]
    await #expect(throws: ProvisioningError.quotaExceeded(3)) {
      try await factory.provisioning.file(lot: lot.id, devices: four, by: factory.principal)
    }
    let file = try await factory.provisioning.file(lot: lot.id, devices: holders, by: factory.principal)
    let (_, entries) = try ProvisioningBatch.open(
      file, station: Array("ST-1".utf8), now: factory.fresh.clock.now.unixSeconds,
      platform: factory.keys.platform.verifyingKey
    ) { try factory.decryption.decrypt($0) }
    for entry in entries {
      let record = try #require(
        try await factory.provisioning.key(of: String(decoding: entry.holder.device, as: UTF8.self)))
      #expect(record.checkValue == KeyLadder.checkValue(entry.key))
    }
    #expect(entries.count == 3)
    let element = try factory.element("LK-1")
    await #expect(throws: ProvisioningError.lotClosed) { try await factory.provision(element, lot) }
    await #expect(throws: ProvisioningError.lotClosed) {
      try await factory.provisioning.file(lot: lot.id, devices: [four[3]], by: factory.principal)
    }
  }

  @Test("a key that may have leaked is used no more, and the device can get another", arguments: Backend.allCases)
  func compromised(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let lot = try await factory.lot()
    let element = try factory.element("LK-1")
    let old = try element.open(await factory.provision(element, lot), factory)
    try await factory.provisioning.withdraw(
      device: "LK-1", isCompromised: true, because: "the lock was opened at a repair shop", by: factory.principal)
    #expect(try await factory.provisioning.key(of: "LK-1") == nil)
    await #expect(throws: ProvisioningError.keyUnknown) {
      let epoch = KeyEpoch(at: factory.fresh.clock.now.unixSeconds)
      return try await factory.provisioning.communicationKey(of: "LK-1", epoch: epoch)
    }
    let again = try factory.element("LK-1")
    #expect(try again.open(await factory.provision(again, lot), factory) != old)
  }

  @Test("the tables are made once, however often they are asked for", arguments: Backend.allCases)
  func migrations(backend: Backend) async throws {
    let fresh = try await Fresh.on(backend, [Provisioning.migrations])
    try await fresh.store.migrate([Provisioning.migrations])
    #expect(try await fresh.store.migrationsApplied("provisioning") == [1, 2])
  }
}
