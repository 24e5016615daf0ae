import Audit
package import Guomi
package import KeyLadder
package import Kernel
import SQLStore

extension Provisioning {
  /// What a station signs when it brings a device's request: which lot it is to count in.
  package static func endorsement(lot: ID<ProvisioningLot>, request: [UInt8]) -> [UInt8] {
    ProvisioningRequest.endorsement(lot: lot.bytes, request: request)
  }

  /// Gives a device its key; needs `devices.write` (the station's API key).
  ///
  /// The same request again gets an answer again and counts once: the line may have broken between the two.
  /// - Parameters:
  ///   - message: `ProvisioningRequest`, made in the device.
  ///   - signature: the station's, of `endorsement`; r ‖ s.
  /// - Returns: `ProvisioningAnswer`, which only the asking device opens.
  /// - Throws: `.requestInvalid`, `.requestForged`, `.stationBlocked`, `.lotClosed`, `.lotNotNow`, `.quotaExceeded`,
  ///   `.deviceHasKey`, `.keyServiceUnavailable`, `.keyServiceRefused`.
  package func provision(
    lot: ID<ProvisioningLot>, message: [UInt8], signature: [UInt8], by principal: Principal
  ) async throws(ProvisioningError) -> [UInt8] {
    try principal.may(.devicesWrite)
    let request: ProvisioningRequest
    do { request = try Self.read(message) } catch {
      // Whatever is wrong with it: of a lot that is not there that is what is said.
      _ = try await work.read(ProvisioningError.self) { sql in try sql.lot(lot, of: principal.organisation) }
      throw error
    }
    let record = try await work.run(ProvisioningError.self) { unit in
      try unit.reserve(request, lot: lot, signature: signature, by: principal)
    }
    let issued: IssuedDeviceKey
    do { issued = try await keys.answer(request, for: principal.organisation) } catch { throw ProvisioningError(error) }
    try await work.run(ProvisioningError.self) { unit in
      // A second answer to the same request has the same key, unless the root was rotated between the two.
      try unit.sql.issue(record.id, issued.rootVersion, issued.checkValue, of: principal.organisation)
      guard record.state == .pending else { return }
      try unit.record(DeviceKeyChanged(record, .issued), organisation: principal.organisation)
      try unit.audit(
        .create, "provisioning.key", record.id, by: principal, .plain("device", record.device),
        .plain("lot", lot.description))
    }
    return issued.answer
  }

  private static func read(_ message: [UInt8]) throws(ProvisioningError) -> ProvisioningRequest {
    let request: ProvisioningRequest
    do { request = try ProvisioningRequest(message) } catch KeyLadderError.notAuthentic { throw .requestForged } catch {
      throw .requestInvalid(problem: "can not be read")
    }
    guard isName(String(decoding: request.holder.device, as: UTF8.self)) else {
      throw .requestInvalid(problem: "names a device that can not be one")
    }
    return request
  }

  /// Makes the file of a lot for a station without a network: the lot takes no more devices then. Needs
  /// `devices.write`.
  ///
  /// When the key service did not answer, the same devices are asked for again, and the file is made then.
  /// - Parameter devices: without a secure element each, since a file can not be encrypted to one; 1 to as many as the
  ///   lot allows, and at most `fileDevicesMax`.
  package func file(
    lot: ID<ProvisioningLot>, devices: [KeyLadder.Holder], by principal: Principal
  ) async throws(ProvisioningError) -> [UInt8] {
    try principal.may(.devicesWrite)
    guard (1...Self.fileDevicesMax).contains(devices.count) else {
      throw .fieldInvalid(field: "devices", problem: "must be 1 to \(Self.fileDevicesMax)")
    }
    guard devices.allSatisfy({ $0.element == nil }) else {
      throw .fieldInvalid(field: "devices", problem: "with a secure element take their keys over the network")
    }
    let asked = devices.map { ($0, randomBytes(KeyLadder.deviceRandomByteCount)) }
    let (found, station, records) = try await work.run(ProvisioningError.self) { unit in
      try unit.reserve(asked, lot: lot, by: principal)
    }
    let issued: IssuedBatchFile
    do {
      // Those of before, when the file could not be made then.
      let kept = try records.map { record in
        (try KeyLadder.Holder(element: nil, device: Array(record.device.utf8)), record.random)
      }
      issued = try await keys.file(
        kept, lot: lot.bytes, station: Array(station.name.utf8),
        encryptionKey: SM2.EncryptionKey(try SM2.PublicPoint(x963: station.encryptionKey)),
        validity: found.validFrom.unixSeconds..<found.validUntil.unixSeconds, for: principal.organisation)
    } catch let error as RootKeysError {
      throw ProvisioningError(error)
    } catch {
      throw .keyServiceRefused
    }
    guard issued.checkValues.count == records.count else { throw .keyServiceRefused }
    return try await work.run(ProvisioningError.self) { unit in
      // Asked twice at once: there is one file.
      if let made = try unit.sql.file(of: lot, organisation: principal.organisation) { return made }
      for (record, check) in zip(records, issued.checkValues) {
        try unit.sql.issue(record.id, issued.rootVersion, check, of: principal.organisation)
        try unit.record(DeviceKeyChanged(record, .issued), organisation: principal.organisation)
      }
      try unit.sql.keep(issued.file, of: lot, organisation: principal.organisation, at: unit.now)
      try unit.audit(
        .create, "provisioning.file", lot, by: principal, .plain("devices", "\(records.count)"))
      return issued.file
    }
  }

  /// The file that was made of a lot, once more: the line may have broken while it was fetched. Only its station opens
  /// it. Needs `devices.write`.
  ///
  /// - Throws: `.lotUnknown`, `.fileUnknown`.
  package func madeFile(
    of lot: ID<ProvisioningLot>, by principal: Principal
  ) async throws(ProvisioningError) -> [UInt8] {
    try principal.may(.devicesWrite)
    return try await work.run(ProvisioningError.self) { unit in
      let found = try unit.sql.lot(lot, of: principal.organisation)
      guard try !unit.sql.station(found.station, of: principal.organisation).isBlocked else {
        throw ProvisioningError.stationBlocked
      }
      guard let file = try unit.sql.file(of: lot, organisation: principal.organisation) else {
        throw ProvisioningError.fileUnknown
      }
      try unit.audit(.act, "provisioning.file", lot, by: principal, .plain("act", "fetch"))
      return file
    }
  }

  /// The most devices of one file: what one call of the key service carries.
  package static let fileDevicesMax = 5_000

  /// A key may have leaked, or the device is gone: nothing is agreed with it any more. Needs `devices.write`.
  ///
  /// - Parameter isCompromised: false only ends its use.
  package func withdraw(
    device: String, isCompromised: Bool, because reason: String, by principal: Principal
  ) async throws(ProvisioningError) {
    try principal.may(.devicesWrite)
    let reason = try Self.checked(reason)
    try await work.run(ProvisioningError.self) { unit in
      guard let record = try unit.sql.currentKey(of: device), record.organisation == principal.organisation else {
        throw ProvisioningError.keyUnknown
      }
      let state: DeviceKeyRecord.State = isCompromised ? .compromised : .retired
      try unit.sql.withdraw(record, as: state, because: reason, at: unit.now)
      try unit.record(DeviceKeyChanged(record, state), organisation: principal.organisation)
      try unit.audit(
        .update, "provisioning.key", record.id, by: principal, because: reason, .plain("state", state.rawValue))
    }
  }

  /// All keys of a lot that are used may have leaked, or their devices are gone: its station, or its file, is in wrong
  /// hands. The lot is closed first, so that it gives no more. Needs `devices.write`.
  ///
  /// So many at once as `withdrawnAtOnce`, each part in a unit of work of its own: asked again it goes on.
  /// - Returns: how many keys were withdrawn.
  /// - Throws: `.lotUnknown`, `.fieldInvalid`.
  package func withdraw(
    lot: ID<ProvisioningLot>, isCompromised: Bool, because reason: String, by principal: Principal
  ) async throws(ProvisioningError) -> Int {
    try principal.may(.devicesWrite)
    let reason = try Self.checked(reason)
    let state: DeviceKeyRecord.State = isCompromised ? .compromised : .retired
    var count = 0
    while true {
      let part = try await work.run(ProvisioningError.self) { unit in
        try Self.close(lot, in: unit, by: principal)
        let records = try unit.sql.currentKeys(
          of: lot, organisation: principal.organisation, limit: Self.withdrawnAtOnce)
        for record in records {
          try unit.sql.withdraw(record, as: state, because: reason, at: unit.now)
          try unit.record(DeviceKeyChanged(record, state), organisation: principal.organisation)
          try unit.audit(
            .update, "provisioning.key", record.id, by: principal, because: reason, .plain("state", state.rawValue),
            .plain("lot", lot.description))
        }
        return records.count
      }
      count += part
      if part < Self.withdrawnAtOnce { return count }
    }
  }

  /// Keys of one unit of work: others write between two.
  static let withdrawnAtOnce = 500

  /// The names of the devices that must not be spoken to without protection: they have a key of this platform, or had
  /// one that leaked.
  package func keyedDevices() async throws(ProvisioningError) -> Set<String> {
    try await work.read(ProvisioningError.self) { sql in try sql.keyedDevices() }
  }

  /// The SM2 key by which the organisation's devices know the platform; a factory puts it into them. Needs
  /// `devices.read`.
  package func platformKey(by principal: Principal) async throws(ProvisioningError) -> SM2.VerifyingKey {
    try principal.may(.devicesRead)
    do { return try await keys.platformKey(of: principal.organisation) } catch { throw ProvisioningError(error) }
  }

  /// Signs for the platform what a session with this device says; r ‖ s.
  package func sign(
    _ statement: [UInt8], with record: DeviceKeyRecord
  ) async throws(ProvisioningError) -> [UInt8] {
    do { return try await keys.sign(statement, for: record.organisation) } catch { throw ProvisioningError(error) }
  }

  /// What is kept of a device's key; nil when it has none that may be used. For the device's own connection, whose
  /// certificate has named it.
  package func key(of device: String) async throws(ProvisioningError) -> DeviceKeyRecord? {
    try await work.read(ProvisioningError.self) { sql in
      try sql.currentKey(of: device).flatMap { $0.isUsable ? $0 : nil }
    }
  }
}

extension ProvisioningError {
  init(_ error: RootKeysError) {
    switch error {
    case .unavailable: self = .keyServiceUnavailable
    case .refused: self = .keyServiceRefused
    }
  }
}

extension Instant {
  /// Seconds since 1970 UTC; 0 before.
  var unixSeconds: UInt64 { UInt64(max(0, milliseconds / 1_000)) }
}
