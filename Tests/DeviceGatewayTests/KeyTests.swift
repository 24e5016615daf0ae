import Devices
import Guomi
import KeyLadder
import Kernel
import MQTT
import Provisioning
import TestSupport
import Testing

@testable import DeviceGateway

@Suite("Keys agreed through the gateway", .clause("9.4a", "9.4b", "9.4c", "9.4e", "9.2.2b"), .timeLimit(.minutes(5)))
struct KeyTests {
  /// A device that has got its key at a factory.
  private struct Keyed {
    let device: Device
    let key: SecretBytes
    let signing: SM2.SigningKey
    let fixture: GatewayFixture
    let raw: RawDevice

    var name: [UInt8] { Array(device.name.description.utf8) }
    var topic: String { "anju/1/\(device.name)" }
    var epoch: KeyEpoch { KeyEpoch(at: UInt64(fixture.fresh.clock.now.milliseconds / 1_000)) }

    /// Sends a message of an agreement and gives the answer.
    func ask(_ message: [UInt8]) async throws -> [UInt8] {
      try await raw.send("\(topic)/key", message)
      return try await raw.message(on: "\(topic)/down/key")
    }

    func renew() async throws -> SecretBytes {
      let request = try KeyRenewalRequest(epoch: epoch, random: fixture.random)
      let answer = try await ask(request.message)
      let (key, epoch) = (self.key, self.epoch)
      let (made, finish) = try request.finish(answer) { (platform, own) throws(KeyLadderError) in
        try KeyLadder.communicationKey(
          deviceKey: key, device: name, epoch: epoch, platformRandom: platform, deviceRandom: own)
      }
      try await raw.send("\(topic)/key", finish)
      return made
    }

    func agree(_ way: AgreementWay, _ communicationKey: SecretBytes) async throws -> ProtectedSession {
      let identity = SessionIdentity(
        peer: fixture.platformKey.verifyingKey, own: signing, random: fixture.random)
      let offer = try SessionOffer(
        device: name, communicationKey: communicationKey, epoch: epoch,
        identity: way == .ephemeral ? identity : nil, random: fixture.random)
      let answer = try await ask(offer.message)
      let (session, finish) = try offer.finish(answer)
      try await raw.send("\(topic)/key", finish)
      return session
    }
  }

  private func keyed(_ fixture: GatewayFixture, _ name: String = "LK-1") async throws -> Keyed {
    let (signing, decryption) = (
      try SM2.SigningKey.generate(random: fixture.random), try SM2.DecryptionKey.generate(random: fixture.random)
    )
    let now = fixture.fresh.clock.now
    let station = try await fixture.provisioning.registerStation(
      .init(
        name: "ST-\(name)", verifyingKey: signing.verifyingKey.point.x963,
        encryptionKey: decryption.encryptionKey.point.x963), by: fixture.principal)
    let lot = try await fixture.provisioning.openLot(
      station: station.id, quota: 1, from: now, until: now.advanced(by: .seconds(60)), by: fixture.principal)
    let request = try ProvisioningRequest(
      holder: .init(element: nil, device: Array(name.utf8)), random: try fixture.random.bytes(32),
      encryptionKey: decryption.encryptionKey, verifyingKey: signing.verifyingKey
    ) { try signing.sign($0, random: fixture.random).raw }
    let endorsement = try signing.sign(
      Provisioning.endorsement(lot: lot.id, request: request.message), random: fixture.random)
    let answer = try await fixture.provisioning.provision(
      lot: lot.id, message: request.message, signature: endorsement.raw, by: fixture.principal)
    let opened = try ProvisioningAnswer.open(answer, of: request, platform: fixture.platformKey.verifyingKey) {
      try decryption.decrypt($0)
    }
    let device = try await fixture.register(name)
    let raw = try await fixture.connected(device)
    _ = try await raw.subscribe("anju/1/\(name)/down/#")
    return Keyed(device: device, key: opened.key, signing: signing, fixture: fixture, raw: raw)
  }

  private func withDesk(
    _ fixture: GatewayFixture, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await fixture.keys.run() }
      group.addTask { try await body() }
      // The body ends first; the desk works until it is told.
      _ = try await group.next()
      group.cancelAll()
    }
    await fixture.close()
  }

  @Test("an unlock goes down protected, and only the device that agreed the session opens it",
    arguments: AgreementWay.allCases)
  func protects(way: AgreementWay) async throws {
    let fixture = try await GatewayFixture { $0.requiresProtection = true }
    try await withDesk(fixture) {
      let lock = try await keyed(fixture)
      let session = try await lock.agree(way, lock.renew())
      try await until { fixture.keys.hasSession(lock.device.number) }
      let command = try await fixture.devices.issue(
        NewCommand(device: lock.device.id, service: "unlock", arguments: ["seconds": .integer(5)]),
        by: fixture.principal)
      try await CommandDispatcher(devices: fixture.devices).dispatch(lock.device.number)
      let sealed = try await lock.raw.message(on: "\(lock.topic)/down/protected")
      let opened = String(decoding: try session.open(sealed, context: Array("command".utf8)), as: UTF8.self)
      #expect(opened.contains(#""service":"unlock""#) && opened.contains(command.id.description))
      #expect(throws: KeyLadderError.replayed) { try session.open(sealed, context: Array("command".utf8)) }
    }
  }

  @Test("without a session a sensitive command waits where protection is required, and others do not")
  func waits() async throws {
    let fixture = try await GatewayFixture { $0.requiresProtection = true }
    try await withDesk(fixture) {
      let lock = try await keyed(fixture)
      let principal = fixture.principal
      let unlock = try await fixture.devices.issue(
        NewCommand(device: lock.device.id, service: "unlock", arguments: ["seconds": .integer(5)]), by: principal)
      try await CommandDispatcher(devices: fixture.devices).dispatch(lock.device.number)
      #expect(try await fixture.devices.command(unlock.id, by: principal).state == .queued)
      let session = try await lock.agree(.constrained, lock.renew())
      try await until { fixture.keys.hasSession(lock.device.number) }
      try await CommandDispatcher(devices: fixture.devices).dispatch(lock.device.number)
      let sealed = try await lock.raw.message(on: "\(lock.topic)/down/protected")
      #expect(try !session.open(sealed, context: Array("command".utf8)).isEmpty)
      await lock.raw.close()
      try await until { !fixture.keys.hasSession(lock.device.number) }
    }
  }

  @Test("what a device protected before it knew of its next session is opened until something comes in that one")
  func previous() async throws {
    let fixture = try await GatewayFixture()
    try await withDesk(fixture) {
      let lock = try await keyed(fixture)
      let key = try await lock.renew()
      let first = try await lock.agree(.constrained, key)
      #expect(try await lock.raw.message(on: "\(lock.topic)/down/key") == [1, 0x14, 1])
      let second = try await lock.agree(.ephemeral, key)
      #expect(try await lock.raw.message(on: "\(lock.topic)/down/key") == [1, 0x14, 2])
      let connection = try #require(fixture.gateway.registry.connection(lock.device.number))
      let context = Array("reply".utf8)
      func opened(_ sealed: [UInt8]) -> [UInt8]? {
        guard case .plain(let plain) = fixture.keys.open(
          sealed, from: lock.device.number, over: connection, channel: "reply")
        else { return nil }
        return plain
      }
      let old = try (0..<3).map { try first.seal([$0], context: context) }
      #expect(opened(old[0]) == [0] && opened(old[0]) == nil && opened(old[1]) == [1])
      #expect(opened(try second.seal([9], context: context)) == [9])
      #expect(opened(old[2]) == nil)
    }
  }

  @Test("what is malformed, out of turn, of another epoch or without a key is refused by its reason")
  func refuses() async throws {
    let fixture = try await GatewayFixture()
    try await withDesk(fixture) {
      let lock = try await keyed(fixture)
      #expect(try await lock.ask([1, 2]) == [1, 0x7f, 1])
      #expect(try await lock.ask([1, 0x13, 1] + [UInt8](repeating: 0, count: 32)) == [1, 0x7f, 1])
      let early = try SessionOffer(
        device: lock.name, communicationKey: lock.key, epoch: lock.epoch, identity: nil, random: fixture.random)
      #expect(try await lock.ask(early.message) == [1, 0x7f, 6])
      let old = try KeyRenewalRequest(epoch: KeyEpoch(start: 0), random: fixture.random)
      #expect(try await lock.ask(old.message) == [1, 0x7f, 2])
      let renewal = try KeyRenewalRequest(epoch: lock.epoch, random: fixture.random)
      _ = try await lock.ask(renewal.message)
      #expect(try await lock.ask([1, 0x23, 0] + [UInt8](repeating: 7, count: 32)) == [1, 0x7f, 3])
      try await fixture.provisioning.withdraw(
        device: "LK-1", isCompromised: true, because: "test", by: fixture.principal)
      let again = try KeyRenewalRequest(epoch: lock.epoch, random: fixture.random)
      #expect(try await lock.ask(again.message) == [1, 0x7f, 4])
      #expect(try await lock.raw.publish("\(lock.topic)/key", String(repeating: "x", count: 600)) == .quotaExceeded)
    }
  }

  @Test("an agreement that is recorded and sent again makes no session and ends none", .clause("9.4e"),
    arguments: AgreementWay.allCases)
  func replayed(way: AgreementWay) async throws {
    let fixture = try await GatewayFixture { $0.requiresProtection = true }
    try await withDesk(fixture) {
      let lock = try await keyed(fixture)
      let identity = SessionIdentity(
        peer: fixture.platformKey.verifyingKey, own: lock.signing, random: fixture.random)
      let key = try await lock.renew()
      let offer = try SessionOffer(
        device: lock.name, communicationKey: key, epoch: lock.epoch,
        identity: way == .ephemeral ? identity : nil, random: fixture.random)
      let recorded = offer.message
      let (session, finish) = try offer.finish(try await lock.ask(recorded))
      #expect(try await lock.ask(finish) == [1, 0x14, way.rawValue])
      // The offer gets an answer, with another random number: what was recorded does not fit it.
      #expect(try await lock.ask(recorded)[1] == 0x12)
      #expect(try await lock.ask(finish) == [1, 0x7f, 3])
      // Out of turn, there is nothing that it could finish.
      #expect(try await lock.ask(finish) == [1, 0x7f, 1])
      #expect(fixture.keys.hasSession(lock.device.number))
      _ = try await fixture.devices.issue(
        NewCommand(device: lock.device.id, service: "unlock", arguments: ["seconds": .integer(5)]),
        by: fixture.principal)
      try await CommandDispatcher(devices: fixture.devices).dispatch(lock.device.number)
      let sealed = try await lock.raw.message(on: "\(lock.topic)/down/protected")
      #expect(try !session.open(sealed, context: Array("command".utf8)).isEmpty)
    }
  }

  @Test("an unknown way or version of agreeing is refused, and known ones go on", .clause("9.4b"))
  func unknownWay() async throws {
    let fixture = try await GatewayFixture()
    try await withDesk(fixture) {
      let lock = try await keyed(fixture)
      let key = try await lock.renew()
      let offer = try SessionOffer(
        device: lock.name, communicationKey: key, epoch: lock.epoch, identity: nil, random: fixture.random)
      let message = offer.message
      for (index, values) in [(0, [0, 2, 255]), (1, [0, 0x10, 0x41]), (2, [0, 3, 9, 255])] as [(Int, [UInt8])] {
        for value in values {
          var other = message
          other[index] = value
          #expect(try await lock.ask(other) == [1, 0x7f, 1], "\(index) \(value)")
        }
      }
      let (_, finish) = try offer.finish(try await lock.ask(message))
      #expect(try await lock.ask(finish) == [1, 0x14, 1])
    }
  }
}
