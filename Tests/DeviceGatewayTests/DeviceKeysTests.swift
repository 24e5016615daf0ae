import CertificateAuthority
import DeviceKit
import Devices
import Foundation
import Guomi
import KeyLadder
import Kernel
import MQTT
import NIOCore
import NIOPosix
import Provisioning
import SecureElement
import Synchronization
import TestSupport
import Testing

@testable import DeviceGateway

@Suite("A device of the SDK with keys at the gateway", .clause("9.4b", "9.4e", "9.2.2b"), .timeLimit(.minutes(5)))
struct DeviceKeysTests {
  private struct House {
    let fixture: GatewayFixture
    let device: Device
    let client: DeviceClient
    let keys: TamperedKeys

    var principal: Principal { fixture.principal }

    func issue(_ service: String, _ arguments: [String: PropertyValue] = [:]) async throws -> ID<PlatformCommand> {
      try await fixture.devices.issue(
        NewCommand(device: device.id, service: service, arguments: arguments), by: principal
      ).id
    }

    func dispatch() async throws { try await CommandDispatcher(devices: fixture.devices).dispatch(device.number) }

    func state(_ command: ID<PlatformCommand>) async throws -> PlatformCommand.State {
      try await fixture.urgent.catchUp()
      return try await fixture.devices.command(command, by: principal).state
    }

    func agreed() async throws { try await until { fixture.keys.hasSession(device.number) } }

    var unlocked: Int {
      get async { await client.operate("LK-1", as: KeyedLock.self) { program, _ in program.unlocked } ?? -1 }
    }
  }

  /// A lock with keys of its own, connected over TLS while the body runs.
  ///
  /// - Parameters:
  ///   - isEquipped: false leaves the keys, and the giving of them, to the body.
  ///   - isStorm: the desk takes the device's coming for a storm.
  private func withLock(
    isEquipped: Bool = true, isStorm: Bool = false, _ change: (inout DeviceGatewayOptions) -> Void = { _ in },
    _ body: @escaping @Sendable (House) async throws -> Void
  ) async throws {
    let fixture = try await GatewayFixture(change)
    fixture.storm.isOn.withLock { $0 = isStorm }
    let own = try OwnKeys(device: "LK-1", memory: MemoryFlash(), random: fixture.random)
    if isEquipped { try await Self.provision(own, fixture) }
    let device = try await fixture.register("LK-1")
    let keys = TamperedKeys(own)
    let client = try await Self.client(fixture, device, isEquipped ? keys : nil)
    let house = House(fixture: fixture, device: device, client: client, keys: keys)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await fixture.keys.run() }
      group.addTask {
        client.start()
        try await body(house)
      }
      _ = try await group.next()
      group.cancelAll()
    }
    await client.stop()
    await fixture.close()
  }

  static func provision(_ keys: any DeviceKeys, _ fixture: GatewayFixture) async throws {
    let station = ProvisioningStation(
      name: "ST-1", signing: try SM2.SigningKey.generate(random: fixture.random),
      decryption: try SM2.DecryptionKey.generate(random: fixture.random), random: fixture.random)
    let provisioning = fixture.provisioning
    let registered = try await provisioning.registerStation(
      .init(name: station.name, verifyingKey: station.verifyingKey, encryptionKey: station.encryptionKey),
      by: fixture.principal)
    let now = fixture.fresh.clock.now
    let lot = try await provisioning.openLot(
      station: registered.id, quota: 1, from: now, until: now.advanced(by: .seconds(60)), by: fixture.principal)
    _ = try await station.provision(
      keys, device: "LK-1", lot: lot.id.bytes, platform: provisioning.platformKey(by: fixture.principal)
    ) { request, signature in
      try await provisioning.provision(lot: lot.id, message: request, signature: signature, by: fixture.principal)
    }
  }

  private static func client(
    _ fixture: GatewayFixture, _ device: Device, _ keys: (any DeviceKeys)?
  ) async throws -> DeviceClient {
    let own = DeviceKey()
    let issued = try await fixture.devices.issueCertificate(
      device.id, requestPEM: own.certificateRequest(device: "LK-1"), validityDays: 30, by: fixture.principal)
    let credentials = try DeviceCredentials(
      certificatePEM: Array(issued.certificatePEM.utf8), privateKeyPEM: Array(own.pem.utf8),
      trust: DeviceTrust(authorityPEM: Array(fixture.authority.certificatePEM.utf8)))
    var options = DeviceOptions(host: "127.0.0.1", port: fixture.port, credentials: credentials)
    options.backoff = Backoff(firstMilliseconds: 20, lastMilliseconds: 100)
    let start = NIODeadline.now()
    let identity = try #require(
      DeviceIdentity(name: "LK-1", model: "lock.basic", modelVersion: 1, firmware: "1"))
    // The device's own clock is an hour wrong: the platform sets it before anything is agreed.
    let clock = fixture.fresh.clock
    let environment = DeviceEnvironment(
      seed: 4,
      now: {
        let uptime = (NIODeadline.now() - start).nanoseconds / 1_000_000
        return DeviceMoment(uptimeMilliseconds: uptime, hardwareMilliseconds: clock.now.milliseconds - 3_600_000)
      },
      realMillisecondsUntil: { max(0, $0 - (NIODeadline.now() - start).nanoseconds / 1_000_000) })
    return try DeviceClient(
      parts: [DevicePart(identity: identity, program: KeyedLock(), flash: MemoryFlash(), keys: keys)],
      options: options, environment: environment, group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
  }

  @Test("an unlock goes down protected, its replies come up protected, and the command is done")
  func unlocks() async throws {
    try await withLock { house in
      try await house.agreed()
      let command = try await house.issue("unlock", ["seconds": .integer(5)])
      try await house.dispatch()
      try await until { try await house.state(command) == .done }
      #expect(await house.unlocked == 1)
      #expect(house.keys.counts.opened == 1 && house.keys.counts.protected >= 2)
      // What is not sensitive goes as ever.
      let test = try await house.issue("selfTest")
      try await house.dispatch()
      try await until { try await house.state(test) == .done }
      #expect(house.keys.counts.opened == 1)
    }
  }

  @Test("a sensitive command to a device with a key waits for its session, and goes by itself when there is one")
  func waits() async throws {
    try await withLock { house in
      // Before the device has said anything of keys.
      try await house.fixture.keys.open()
      let command = try await house.issue("unlock", ["seconds": .integer(5)])
      try await house.agreed()
      let state = try await house.fixture.provisioning.keyState(of: "LK-1", by: house.principal)
      #expect(state.session?.way == .ephemeral && state.session?.epoch == state.epochs.first?.epoch)
      try await house.dispatch()
      try await until { try await house.state(command) == .done }
      #expect(house.keys.counts.opened == 1)
    }
  }

  @Test("a device that gets its key while it runs agrees at once, and opens nothing unprotected from then on")
  func equippedLate() async throws {
    try await withLock(isEquipped: false) { house in
      try await until { await house.client.isOnline }
      let before = try await house.issue("unlock", ["seconds": .integer(5)])
      try await house.dispatch()
      try await until { try await house.state(before) == .done }
      #expect(await house.unlocked == 1 && house.keys.counts.offers == [])
      try await Self.provision(house.keys, house.fixture)
      await house.client.give(house.keys, to: "LK-1")
      try await house.agreed()
      let after = try await house.issue("unlock", ["seconds": .integer(5)])
      try await house.dispatch()
      try await until { try await house.state(after) == .done }
      #expect(await house.unlocked == 2 && house.keys.counts.opened == 1)
      // Again, or to a device that is not here: nothing.
      await house.client.give(house.keys, to: "LK-1")
      await house.client.give(house.keys, to: "LK-2")
      let entry = try #require(house.fixture.devices.directory[house.device.number])
      let connection = try #require(house.fixture.gateway.registry.connection(house.device.number))
      let plain = try await house.issue("unlock", ["seconds": .integer(5)])
      let found = try await house.fixture.devices.command(plain, by: house.principal)
      let payload = found.message(of: entry.model.model).payload
      connection.session.publish(topic: "anju/1/LK-1/down/command", payload: payload, qos: .atLeastOnce)
      try await until { try await house.state(plain) == .refused || house.keys.counts.opened > 1 }
      #expect(await house.unlocked == 2)
    }
  }

  @Test("what comes unprotected is refused by the device")
  func refusesPlain() async throws {
    try await withLock { house in
      try await house.agreed()
      let entry = try #require(house.fixture.devices.directory[house.device.number])
      let connection = try #require(house.fixture.gateway.registry.connection(house.device.number))
      let command = try await house.issue("unlock", ["seconds": .integer(5)])
      let found = try await house.fixture.devices.command(command, by: house.principal)
      let payload = found.message(of: entry.model.model).payload
      connection.session.publish(topic: "anju/1/LK-1/down/command", payload: payload, qos: .atLeastOnce)
      try await until { try await house.state(command) == .refused || house.keys.counts.opened > 0 }
      #expect(await house.unlocked == 0)
    }
  }

  @Test("a protected command that comes twice is done once; one that was changed or moved is not done")
  func replays() async throws {
    try await withLock { house in
      try await house.agreed()
      let connection = try #require(house.fixture.gateway.registry.connection(house.device.number))
      let entry = try #require(house.fixture.devices.directory[house.device.number])
      let command = try await house.issue("unlock", ["seconds": .integer(5)])
      let found = try await house.fixture.devices.command(command, by: house.principal)
      let wrapped = try #require(
        house.fixture.gateway.wrapped(found.message(of: entry.model.model), for: house.device.number, entry))
      #expect(wrapped.channel == "protected")
      var changed = wrapped.payload
      changed[changed.count - 1] ^= 1
      for payload in [changed, wrapped.payload, wrapped.payload] {
        connection.session.publish(topic: "anju/1/LK-1/down/protected", payload: payload, qos: .atLeastOnce)
      }
      try await until { house.keys.counts.refused == 2 }
      try await until { await house.unlocked == 1 }
    }
  }

  @Test("a session that a storm left in way (a) serves until one of way (b) replaces it, when the storm is over")
  func afterStorm() async throws {
    try await withLock(isStorm: true) { house in
      let (keys, clock) = (house.fixture.keys, house.fixture.fresh.clock)
      try await house.agreed()
      #expect(house.keys.counts.offers == [true, false] && keys.stormSessionsCount == 1)
      // Still in the storm: the device is put off once more, and has its session.
      clock.advance(by: .seconds(11))
      keys.inviteAfterStorm()
      try await until { house.keys.counts.finished == 2 && keys.stormSessionsCount == 1 }
      #expect(house.keys.counts.offers == [true, false, true, false])
      house.fixture.storm.isOn.withLock { $0 = false }
      keys.inviteAfterStorm()
      #expect(keys.stormSessionsCount == 1)
      clock.advance(by: .seconds(11))
      keys.inviteAfterStorm()
      try await until { house.keys.counts.finished == 3 }
      #expect(house.keys.counts.offers.last == true && keys.stormSessionsCount == 0)
      let command = try await house.issue("unlock", ["seconds": .integer(5)])
      try await house.dispatch()
      try await until { try await house.state(command) == .done }
      #expect(await house.unlocked == 1)
      // Once: nobody is invited any more.
      clock.advance(by: .seconds(60))
      keys.inviteAfterStorm()
      #expect(house.keys.counts.offers.count == 5)
    }
  }

  @Test("a session that was agreed in way (b), or whose connection is gone, is not replaced")
  func noStorm() async throws {
    try await withLock { house in
      try await house.agreed()
      #expect(house.keys.counts.offers == [true] && house.fixture.keys.stormSessionsCount == 0)
    }
    try await withLock(isStorm: true) { house in
      try await house.agreed()
      #expect(house.fixture.keys.stormSessionsCount == 1)
      await house.client.stop()
      try await until { house.fixture.keys.stormSessionsCount == 0 }
    }
  }

  @Test("an epoch that is over ends the session: nothing sensitive goes until the device has renewed")
  func clockJumps() async throws {
    try await withLock { house in
      try await house.agreed()
      house.fixture.fresh.clock.advance(by: .seconds(3 * 86_400))
      #expect(!house.fixture.keys.hasSession(house.device.number))
      let entry = try #require(house.fixture.devices.directory[house.device.number])
      let message = DownMessage(channel: .command, payload: [1], isSensitive: true)
      #expect(house.fixture.gateway.wrapped(message, for: house.device.number, entry) == nil)
    }
  }

  @Test("a device whose communication keys are forgotten is told, renews and agrees another session by itself")
  func forgotten() async throws {
    try await withLock { house in
      try await house.fixture.keys.open()
      try await house.agreed()
      let provisioning = house.fixture.provisioning
      let before = try await provisioning.keyState(of: "LK-1", by: house.principal)
      house.fixture.fresh.clock.advance(by: .seconds(5))
      try await provisioning.endEpochs(of: "LK-1", because: "drill", by: house.principal)
      let renewed = try #require(before.epochs.first?.agreedAt)
      try await until {
        let now = try await provisioning.keyState(of: "LK-1", by: house.principal)
        return now.session.map { $0.since > renewed } == true && now.epochs.first.map { $0.agreedAt > renewed } == true
      }
      let command = try await house.issue("unlock", ["seconds": .integer(5)])
      try await house.dispatch()
      try await until { try await house.state(command) == .done }
    }
  }

  @Test("a key that is withdrawn ends its session at once, and nothing sensitive goes to the device any more")
  func withdrawn() async throws {
    try await withLock { house in
      try await house.agreed()
      try await house.fixture.provisioning.withdraw(
        device: "LK-1", isCompromised: true, because: "drill", by: house.principal)
      try await until { !house.fixture.keys.hasSession(house.device.number) }
      let entry = try #require(house.fixture.devices.directory[house.device.number])
      let message = DownMessage(channel: .command, payload: [1], isSensitive: true)
      #expect(house.fixture.gateway.wrapped(message, for: house.device.number, entry) == nil)
    }
  }

  @Test("a device whose model wants protection gets nothing sensitive without it, with or without a key")
  func model() async throws {
    let fixture = try await GatewayFixture()
    var json = String(decoding: try Data(contentsOf: Self.lockModel), as: UTF8.self)
    json = json.replacing("\"model\": \"lock.basic\"", with: "\"model\": \"lock.strict\", \"requiresProtection\": true")
    _ = try await fixture.devices.load(modelJSON: Array(json.utf8), by: fixture.principal)
    let strict = try await fixture.register("LK-9", model: "lock.strict")
    let plain = try await fixture.register("LK-8")
    let message = DownMessage(channel: .command, payload: [1], isSensitive: true)
    let strictEntry = try #require(fixture.devices.directory[strict.number])
    let plainEntry = try #require(fixture.devices.directory[plain.number])
    #expect(fixture.gateway.wrapped(message, for: strict.number, strictEntry) == nil)
    #expect(fixture.gateway.wrapped(message, for: plain.number, plainEntry)?.channel == "command")
    await fixture.close()
  }

  private static var lockModel: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../../Sources/Contexts/Devices/ThingModels/lock.json")
  }
}

/// A device's keys, with a count of what they did.
final class TamperedKeys: DeviceKeys {
  struct Counts: Hashable, Sendable {
    var opened = 0
    var refused = 0
    var protected = 0
    /// Whether each offer was of way (b).
    var offers: [Bool] = []
    /// Agreements that the platform has answered.
    var finished = 0
  }

  private let keys: any DeviceKeys
  private let state = Mutex(Counts())

  init(_ keys: any DeviceKeys) { self.keys = keys }

  var counts: Counts { state.withLock { $0 } }

  func unprotect(
    _ message: [UInt8], context: [UInt8], session: UInt32
  ) async throws(SecureElementError) -> [UInt8] {
    do {
      let opened = try await keys.unprotect(message, context: context, session: session)
      state.withLock { $0.opened += 1 }
      return opened
    } catch {
      state.withLock { $0.refused += 1 }
      throw error
    }
  }

  func protect(
    _ message: [UInt8], context: [UInt8], session: UInt32
  ) async throws(SecureElementError) -> [UInt8] {
    state.withLock { $0.protected += 1 }
    return try await keys.protect(message, context: context, session: session)
  }

  func trust(platform key: [UInt8]) async throws(SecureElementError) { try await keys.trust(platform: key) }
  func provisioningRequest(device: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    try await keys.provisioningRequest(device: device)
  }
  func provision(_ answer: [UInt8]) async throws(SecureElementError) -> [UInt8] { try await keys.provision(answer) }
  func beginRenewal(epochStart: UInt64) async throws(SecureElementError) -> [UInt8] {
    try await keys.beginRenewal(epochStart: epochStart)
  }
  func finishRenewal(_ answer: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    try await keys.finishRenewal(answer)
  }
  func offerSession(isEphemeral: Bool) async throws(SecureElementError) -> ElementOffer {
    let offer = try await keys.offerSession(isEphemeral: isEphemeral)
    state.withLock { $0.offers.append(isEphemeral) }
    return offer
  }
  func finishSession(_ number: UInt32, answer: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    let message = try await keys.finishSession(number, answer: answer)
    state.withLock { $0.finished += 1 }
    return message
  }
  func endSession(_ number: UInt32) async throws(SecureElementError) { try await keys.endSession(number) }
}
