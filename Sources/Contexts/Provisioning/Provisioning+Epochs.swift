package import Guomi
package import KeyLadder
package import Kernel
import SQLStore

extension Provisioning {
  /// How long an epoch is, in seconds.
  package static let epochSeconds = KeyEpoch.secondsStandard

  /// A communication key that has been made and that the device has not shown to have yet.
  package struct PendingEpoch: ~Copyable, Sendable {
    /// What the device gets.
    package var message: [UInt8] { answer.message }
    package var key: ID<DeviceKeyRecord> { record.id }
    package var epoch: KeyEpoch { request.epoch }
    fileprivate let answer: KeyRenewalAnswer
    fileprivate let record: DeviceKeyRecord
    fileprivate let request: KeyRenewalAnswer.Request
    fileprivate let platformRandom: [UInt8]
  }

  /// Answers a device that wants the communication key of an epoch.
  ///
  /// - Parameters:
  ///   - message: `KeyRenewalRequest`.
  ///   - device: as its certificate names it.
  /// - Throws: `.requestInvalid`, also for an epoch too far from the present one; `.keyUnknown`,
  ///   `.keyServiceUnavailable`.
  package func renew(_ message: [UInt8], of device: String) async throws(ProvisioningError) -> PendingEpoch {
    let request: KeyRenewalAnswer.Request
    do { request = try KeyRenewalAnswer.Request(message) } catch { throw .requestInvalid(problem: "can not be read") }
    guard isAccepted(request.epoch) else {
      throw .requestInvalid(problem: "is of an epoch that is not now: the device's clock is wrong, or it is old")
    }
    let record = try await usable(device)
    let platformRandom = randomBytes(KeyLadder.randomByteCount)
    let key = try await derive(record, request.epoch, platformRandom, request.deviceRandom)
    return PendingEpoch(
      answer: KeyRenewalAnswer(request, key: key, platformRandom: platformRandom), record: record, request: request,
      platformRandom: platformRandom)
  }

  /// Takes the device's last message: from now on the key of the epoch is this one, after a restart too.
  ///
  /// - Throws: `.checkValueWrong`: the device has another key than it was given; the key of before stays.
  package func finish(
    _ pending: consuming PendingEpoch, _ message: [UInt8]
  ) async throws(ProvisioningError) -> SecretBytes {
    let (record, request, own) = (pending.record, pending.request, pending.platformRandom)
    let key: SecretBytes
    do { key = try pending.answer.finish(message) } catch .notAuthentic { throw .checkValueWrong } catch {
      throw .requestInvalid(problem: "can not be read")
    }
    try await work.run(ProvisioningError.self) { unit in
      guard let current = try unit.sql.currentKey(of: record.device), current.id == record.id, current.isUsable else {
        throw ProvisioningError.keyUnknown
      }
      try unit.sql.keep(request.epoch, own, request.deviceRandom, of: record, at: unit.now)
      guard current.state == .issued else { return }
      try unit.sql.confirm(record)
      try unit.record(DeviceKeyChanged(record, .confirmed), organisation: record.organisation)
    }
    return key
  }

  /// The communication key that a device and the platform agreed for an epoch; nil when they have not.
  ///
  /// - Throws: `.requestInvalid` for an epoch too far from the present one; `.keyUnknown`, `.keyServiceUnavailable`.
  package func communicationKey(
    of device: String, epoch: KeyEpoch
  ) async throws(ProvisioningError) -> SecretBytes? {
    guard isAccepted(epoch) else {
      throw .requestInvalid(problem: "is of an epoch that is not now")
    }
    let record = try await usable(device)
    let kept = try await work.read(ProvisioningError.self) { sql in try sql.epoch(epoch, of: record) }
    guard let kept else { return nil }
    return try await derive(record, epoch, kept.platformRandom, kept.deviceRandom)
  }

  /// Whether a key of an epoch may be used now.
  package func isAccepted(_ epoch: KeyEpoch) -> Bool {
    epoch.isAccepted(at: work.time.now().unixSeconds, length: Self.epochSeconds)
  }

  private func usable(_ device: String) async throws(ProvisioningError) -> DeviceKeyRecord {
    guard let record = try await key(of: device) else { throw .keyUnknown }
    return record
  }

  private func derive(
    _ record: DeviceKeyRecord, _ epoch: KeyEpoch, _ platformRandom: [UInt8], _ deviceRandom: [UInt8]
  ) async throws(ProvisioningError) -> SecretBytes {
    guard let version = record.rootVersion,
      let holder = try? KeyLadder.Holder(element: record.element, device: Array(record.device.utf8))
    else { throw .keyUnknown }
    do {
      return try await keys.communicationKey(
        CommunicationKeyAsk(
          organisation: record.organisation, holder: holder, random: record.random, rootVersion: version,
          epoch: epoch, platformRandom: platformRandom, deviceRandom: deviceRandom))
    } catch {
      throw ProvisioningError(error)
    }
  }
}

extension SQLConnection {
  /// The epochs that a device agreed a communication key for, newest first.
  func epochs(of record: DeviceKeyRecord) throws -> [AgreedEpoch] {
    try rows(
      """
      SELECT epoch, agreed_at FROM device_epoch
      WHERE organisation = \(record.organisation) AND device_key = \(record.id)
      ORDER BY epoch DESC LIMIT 16
      """
    ).map { row in
      AgreedEpoch(
        epoch: KeyEpoch(start: UInt64(clamping: try row.integer("epoch"))), agreedAt: try row.instant("agreed_at"))
    }
  }

  func forgetEpochs(of record: DeviceKeyRecord) throws {
    try execute(
      "DELETE FROM device_epoch WHERE organisation = \(record.organisation) AND device_key = \(record.id)")
  }

  /// Keeps what the key of an epoch was made of, and forgets the epochs that nobody accepts any more.
  fileprivate func keep(
    _ epoch: KeyEpoch, _ platformRandom: [UInt8], _ deviceRandom: [UInt8], of record: DeviceKeyRecord, at now: Instant
  ) throws {
    let start = Int64(clamping: epoch.start)
    try execute(
      """
      INSERT INTO device_epoch (organisation, device_key, epoch, platform_random, device_random, agreed_at)
      VALUES (\(record.organisation), \(record.id), \(start), \(platformRandom), \(deviceRandom), \(now))
      ON CONFLICT (organisation, device_key, epoch) DO UPDATE SET platform_random = excluded.platform_random,
        device_random = excluded.device_random, agreed_at = excluded.agreed_at
      """)
    let oldest = now.milliseconds / 1_000 - 3 * Int64(Provisioning.epochSeconds)
    try execute(
      """
      DELETE FROM device_epoch WHERE organisation = \(record.organisation) AND device_key = \(record.id)
        AND epoch < \(oldest)
      """)
  }

  fileprivate func epoch(
    _ epoch: KeyEpoch, of record: DeviceKeyRecord
  ) throws -> (platformRandom: [UInt8], deviceRandom: [UInt8])? {
    try row(
      """
      SELECT platform_random, device_random FROM device_epoch
      WHERE organisation = \(record.organisation) AND device_key = \(record.id)
        AND epoch = \(Int64(clamping: epoch.start))
      """
    ).map { (try $0.blob("platform_random"), try $0.blob("device_random")) }
  }
}
