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
      issued = try await keys.file(
        asked, lot: lot.bytes, station: Array(station.name.utf8),
        encryptionKey: SM2.EncryptionKey(try SM2.PublicPoint(x963: station.encryptionKey)),
        validity: found.validFrom.unixSeconds..<found.validUntil.unixSeconds, for: principal.organisation)
    } catch let error as RootKeysError {
      throw ProvisioningError(error)
    } catch {
      throw .keyServiceRefused
    }
    guard issued.checkValues.count == records.count else { throw .keyServiceRefused }
    try await work.run(ProvisioningError.self) { unit in
      for (record, check) in zip(records, issued.checkValues) {
        try unit.sql.issue(record.id, issued.rootVersion, check, of: principal.organisation)
        try unit.record(DeviceKeyChanged(record, .issued), organisation: principal.organisation)
      }
      try unit.audit(
        .create, "provisioning.file", lot, by: principal, .plain("devices", "\(records.count)"))
    }
    return issued.file
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
    try await work.run(ProvisioningError.self) { unit in
      guard let record = try unit.sql.currentKey(of: device), record.organisation == principal.organisation else {
        throw ProvisioningError.keyUnknown
      }
      let state: DeviceKeyRecord.State = isCompromised ? .compromised : .retired
      try unit.sql.move(record.id, to: state, of: principal.organisation)
      try unit.record(DeviceKeyChanged(record, state), organisation: principal.organisation)
      try unit.audit(
        .update, "provisioning.key", record.id, by: principal, because: reason, .plain("state", state.rawValue))
    }
  }

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
