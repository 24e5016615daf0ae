import Audit
import DeviceGateway
import Devices
import Foundation
import Guomi
import Kernel
import KeyLadder
import Logging
import Provisioning
import SQLStore
import Server
import Synchronization

/// A platform with its key service, and devices that agree keys with it, all at one moment.
final class KeyFleet: Sendable {
  enum Storm { case renewal, constrained, ephemeral, asked }

  let count: Int
  let provisioning: Provisioning
  let source: KeyLinks
  let members = Mutex<[KeyMember]>([])
  private let work: Work
  private let principal: Principal
  private let desk: Mutex<KeyDesk>
  private let running: Mutex<Task<Void, any Error>?>

  init(folder: URL, count: Int) async throws {
    self.count = count
    let store = try SQLStore.sqlite(path: folder.appending(path: "anju.db").path)
    try await store.migrate([Journal.migrations, AuditLog.migrations, Provisioning.migrations])
    work = Work(store: store, time: SystemSources.time, ids: SystemSources.ids, logger: Self.logger)
    source = KeyLinks(folder: folder.appending(path: "vault"))
    provisioning = Provisioning(
      work: work, keys: VaultRootKeys(source), randomBytes: SystemSources.randomBytes)
    principal = Principal(
      id: ID(high: 1, low: 1), kind: .platform, organisation: ID(high: 1, low: 2), name: "bench",
      permissions: [.devicesRead, .devicesWrite])
    desk = Mutex(KeyDesk(provisioning: provisioning, random: .operatingSystem, logger: Self.logger))
    running = Mutex(nil)
    start()
  }

  private static var logger: Logger {
    var logger = Logger(label: "bench")
    logger.logLevel = .critical
    return logger
  }

  private func start() {
    let made = desk.withLock { $0 }
    running.withLock { $0 = Task { try await made.run() } }
  }

  /// The platform's memory of keys is gone, as after its start.
  private func forget() {
    running.withLock { $0?.cancel() }
    desk.withLock { $0 = KeyDesk(provisioning: provisioning, random: .operatingSystem, logger: Self.logger) }
    start()
  }

  // MARK: The factory

  /// Every device gets its key; 32 at a time.
  func provisioned() async throws -> String {
    let random = RandomSource.operatingSystem
    let signing = try SM2.SigningKey.generate(random: random)
    let decryption = try SM2.DecryptionKey.generate(random: random)
    let platform = try await provisioning.platformKey(by: principal)
    let station = try await provisioning.registerStation(
      .init(
        name: "ST-1", verifyingKey: signing.verifyingKey.point.x963,
        encryptionKey: decryption.encryptionKey.point.x963), by: principal)
    let now = SystemSources.time.now()
    let lot = try await provisioning.openLot(
      station: station.id, quota: count, from: now, until: now.advanced(by: .seconds(7_200)), by: principal)
    let begin = ContinuousClock.now
    let (count, provisioning, principal) = (count, provisioning, principal)
    let made = try await withThrowingTaskGroup(of: [KeyMember].self) { group in
      for lane in 0..<32 {
        group.addTask {
          var members: [KeyMember] = []
          for index in stride(from: lane, to: count, by: 32) {
            let member = try KeyMember(index, platform: platform, random: random)
            let message = member.request.message
            let signature = try signing.sign(
              Provisioning.endorsement(lot: lot.id, request: message), random: random).raw
            let answer = try await provisioning.provision(
              lot: lot.id, message: message, signature: signature, by: principal)
            try member.open(answer)
            members.append(member)
          }
          return members
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    members.withLock { $0 = made }
    return row("device keys given at the factory", ContinuousClock.now - begin, made)
  }

  private func row(_ name: String, _ time: Duration, _ members: [KeyMember]) -> String {
    let seconds = time / .seconds(1)
    let own = members.reduce(0) { $0 + $1.takeSeconds() }
    return String(format: "| %@ | %.2f | %.0f | %.2f |", name, seconds, Double(members.count) / seconds, own)
  }

  // MARK: The storm

  func storm(_ name: String, _ storm: Storm, isCold: Bool) async throws -> String {
    if isCold { forget() }
    let (members, desk) = (members.withLock { $0 }, desk.withLock { $0 })
    let (done, finished) = AsyncStream<Bool>.makeStream()
    let begin = ContinuousClock.now
    for member in members {
      member.begin(storm, at: desk) { finished.yield($0) }
    }
    var left = members.count
    for await isGood in done {
      guard isGood else { throw KeyFleetError.refused(name) }
      left -= 1
      if left == 0 { break }
    }
    return row(name, ContinuousClock.now - begin, members)
  }

  enum KeyFleetError: Error {
    case refused(String)
  }

  // MARK: Its parts

  /// What one session costs in each place, one after the other.
  func parts() async throws -> [String] {
    guard let member = members.withLock({ $0.first }), let record = try await provisioning.key(of: member.name) else {
      return []
    }
    let random = RandomSource.operatingSystem
    let epoch = member.epoch
    let offer = try SessionOffer(
      device: Array(member.name.utf8), communicationKey: member.communicationKey, epoch: epoch,
      identity: member.identity, random: random)
    let request = try SessionAnswer.Request(offer.message)
    let peer = SM2.VerifyingKey(try SM2.PublicPoint(x963: record.verifyingKey))
    let key = member.communicationKey
    return [
      try await cost("the device's key record read from the store") {
        _ = try await self.provisioning.key(of: member.name)
      },
      try await cost("a communication key from the key service, alone") {
        _ = try await self.provisioning.communicationKey(of: member.name, epoch: epoch)
      },
      try await cost("a signature from the key service, alone") {
        _ = try await self.provisioning.sign([UInt8](repeating: 1, count: 43), with: record)
      },
      try await cost("way (b), platform: share, agreement, derivation") {
        _ = try SessionDraft(
          request, device: Array(member.name.utf8), communicationKey: key, peer: peer, random: random)
      },
      try await cost("way (a), both sides: three derivations, two confirmations") { try member.agreeAlone() },
    ]
  }

  private func cost(_ name: String, _ body: () async throws -> Void) async throws -> String {
    let turns = 200
    let begin = ContinuousClock.now
    for _ in 0..<turns { try await body() }
    return String(format: "| %@ | %.0f |", name, (ContinuousClock.now - begin) / .microseconds(1) / Double(turns))
  }
}
