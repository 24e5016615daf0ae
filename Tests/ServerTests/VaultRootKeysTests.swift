import DeviceKit
import Foundation
import Guomi
import KeyLadder
import Kernel
import KeyService
import PKCS11
import Provisioning
import SQLStore
import SecureElement
import Synchronization
import TestSupport
import Testing
import Vault

@testable import Server

/// The key service in the tests' process, which can be cut off.
final class CoreSource: KeySource {
  private let core: VaultCore
  private let isCut = Mutex(false)
  let folder: TemporaryFolder

  init(random: RandomSource, time: Timekeeper, ids: IDSource) async throws {
    folder = try TemporaryFolder("root-keys")
    _ = SoftToken.folder
    core = VaultCore(
      VaultCore.Environment(
        store: try SQLStore.inMemory(), module: try PKCS11Module.load(path: SoftToken.modulePath), time: time, ids: ids,
        random: random, backupFolder: folder.url.appending(path: "backups")))
    let number = UInt64.random(in: .min ... .max) % 1_000_000_000
    let founding = try await core.found(.file, label: "keys-\(number)")
    if let seal = founding.sealKey { try await core.open(sealKey: seal) }
  }

  func cut(_ isNow: Bool) { isCut.withLock { $0 = isNow } }

  func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame {
    if isCut.withLock({ $0 }) { throw .unreachable("it was cut off") }
    let caller = VaultCore.Caller(name: "platform", role: .platform, userID: 0)
    return try await core.answer(frame, from: caller).answer()
  }
}

@Suite("Devices' keys from the key service", .clause("9.2.2b", "9.4d", "9.4e"))
struct VaultRootKeysTests {
  private let fresh: Fresh
  private let source: CoreSource
  private let provisioning: Provisioning
  private let principal: Principal
  private let random: RandomSource
  private let station: ProvisioningStation

  init() async throws {
    fresh = try await Fresh.inMemory([Provisioning.migrations])
    let shared = SharedRandom(seed: 31)
    let random = RandomSource { shared.bytes($0) }
    self.random = random
    source = try await CoreSource(random: random, time: fresh.clock.timekeeper, ids: fresh.work.ids)
    provisioning = Provisioning(
      work: fresh.work, keys: VaultRootKeys(source), randomBytes: { shared.bytes($0) })
    principal = fresh.principal()
    station = ProvisioningStation(
      name: "ST-1", signing: try SM2.SigningKey.generate(random: random),
      decryption: try SM2.DecryptionKey.generate(random: random), random: random)
  }

  private func lot(quota: Int = 3) async throws -> ProvisioningLot {
    let registered = try await provisioning.registerStation(
      .init(name: station.name, verifyingKey: station.verifyingKey, encryptionKey: station.encryptionKey),
      by: principal)
    let now = fresh.clock.now
    return try await provisioning.openLot(
      station: registered.id, quota: quota, from: now, until: now.advanced(by: .seconds(600)), by: principal)
  }

  private func provision(_ keys: any DeviceKeys, _ device: String, _ lot: ProvisioningLot) async throws {
    let (provisioning, principal) = (provisioning, principal)
    _ = try await station.provision(
      keys, device: device, lot: lot.id.bytes, platform: provisioning.platformKey(by: principal)
    ) { request, signature in
      try await provisioning.provision(lot: lot.id, message: request, signature: signature, by: principal)
    }
  }

  /// Renews a device's communication key and agrees a session in either way.
  private func agree(
    _ keys: any DeviceKeys, _ device: String, isEphemeral: Bool
  ) async throws -> (number: UInt32, platform: ProtectedSession) {
    let epoch = KeyEpoch(at: UInt64(fresh.clock.now.milliseconds / 1_000))
    let pending = try await provisioning.renew(try await keys.beginRenewal(epochStart: epoch.start), of: device)
    let finish = try await keys.finishRenewal(pending.message)
    let key = try await provisioning.finish(pending, finish)
    #expect(try await provisioning.communicationKey(of: device, epoch: epoch) == key)
    let offer = try await keys.offerSession(isEphemeral: isEphemeral)
    let request = try SessionAnswer.Request(offer.message)
    let record = try #require(try await provisioning.key(of: device))
    let answer: SessionAnswer
    if isEphemeral {
      let draft = try SessionDraft(
        request, device: Array(device.utf8), communicationKey: key,
        peer: SM2.VerifyingKey(SM2.PublicPoint(x963: record.verifyingKey)), random: random)
      let signature = try await provisioning.sign(draft.statement, with: record)
      answer = try draft.signed(signature)
    } else {
      answer = try SessionAnswer(
        request, device: Array(device.utf8), communicationKey: key, identity: nil, random: random)
    }
    let message = answer.message
    return (offer.number, try answer.finish(try await keys.finishSession(offer.number, answer: message)))
  }

  @Test("a device gets its key, renews and agrees in both ways, and the platform never has the device key",
    arguments: [true, false])
  func whole(isEphemeral: Bool) async throws {
    let lot = try await lot()
    let keys = try OwnKeys(device: "WM-1", memory: MemoryFlash(), random: random)
    try await provision(keys, "WM-1", lot)
    let (number, platform) = try await agree(keys, "WM-1", isEphemeral: isEphemeral)
    let sealed = try platform.seal(Array("valve".utf8), context: [1])
    #expect(try await keys.unprotect(sealed, context: [1], session: number) == Array("valve".utf8))
    #expect(try await provisioning.key(of: "WM-1")?.state == .confirmed)
  }

  @Test("a file from the key service opens at its station, and its devices renew")
  func file() async throws {
    let lot = try await lot()
    let holders = try ["GM-1", "GM-2"].map { try KeyLadder.Holder(element: nil, device: Array($0.utf8)) }
    let file = try await provisioning.file(lot: lot.id, devices: holders, by: principal)
    let platform = try await provisioning.platformKey(by: principal)
    let entries = try station.open(file, now: UInt64(fresh.clock.now.milliseconds / 1_000), platform: platform)
    #expect(entries.map(\.holder) == holders && entries[0].key != entries[1].key)
    let keys = try OwnKeys(device: "GM-2", memory: MemoryFlash(), random: random)
    try await keys.take(entries[1], platform: platform)
    let (number, session) = try await agree(keys, "GM-2", isEphemeral: false)
    let sealed = try await keys.protect([7], context: [], session: number)
    #expect(try session.open(sealed) == [7])
    let element = try KeyLadder.Holder(element: [1], device: Array("GM-3".utf8))
    await #expect(throws: ProvisioningError.self) {
      _ = try await provisioning.file(lot: lot.id, devices: [element], by: principal)
    }
  }

  @Test("without the key service everything about keys is refused with its reason, and works again afterwards")
  func cutOff() async throws {
    let lot = try await lot()
    let keys = try OwnKeys(device: "WM-1", memory: MemoryFlash(), random: random)
    source.cut(true)
    await #expect(throws: ProvisioningError.keyServiceUnavailable) {
      _ = try await provisioning.platformKey(by: principal)
    }
    source.cut(false)
    let platform = try await provisioning.platformKey(by: principal)
    try await keys.trust(platform: platform.point.x963)
    source.cut(true)
    await #expect(throws: ProvisioningError.keyServiceUnavailable) { try await provision(keys, "WM-1", lot) }
    source.cut(false)
    try await provision(keys, "WM-1", lot)
    source.cut(true)
    let epoch = KeyEpoch(at: UInt64(fresh.clock.now.milliseconds / 1_000))
    let renewal = try await keys.beginRenewal(epochStart: epoch.start)
    do {
      _ = try await provisioning.renew(renewal, of: "WM-1")
      #expect(Bool(false), "a key without a key service")
    } catch {
      #expect(error == .keyServiceUnavailable && error.kind == .unavailable)
    }
    source.cut(false)
    _ = try await agree(keys, "WM-1", isEphemeral: true)
  }

  @Test("a device of one organisation has another root, and another platform, than one of another")
  func organisations() async throws {
    let roots = VaultRootKeys(source)
    let (first, second) = (fresh.organisation, fresh.work.ids.next(Organisation.self))
    let keys = try await (roots.platformKey(of: first), roots.platformKey(of: second))
    #expect(keys.0.point != keys.1.point)
    let ask = { (organisation: ID<Organisation>) async throws -> SecretBytes in
      let holder = try KeyLadder.Holder(element: [1, 2], device: Array("LK-1".utf8))
      let request = try ProvisioningRequest(
        holder: holder, random: [UInt8](repeating: 5, count: 32), encryptionKey: SM2.EncryptionKey(keys.0.point),
        verifyingKey: SM2.SigningKey.generate(random: random).verifyingKey
      ) { _ in [UInt8](repeating: 1, count: 64) }
      let version = try await roots.answer(request, for: organisation).rootVersion
      return try await roots.communicationKey(
        CommunicationKeyAsk(
          organisation: organisation, holder: holder, random: [UInt8](repeating: 5, count: 32), rootVersion: version,
          epoch: KeyEpoch(start: 0), platformRandom: [UInt8](repeating: 1, count: 16),
          deviceRandom: [UInt8](repeating: 2, count: 16)))
    }
    #expect(try await ask(first) != ask(second))
    #expect(try await ask(first) == ask(first))
  }
}
