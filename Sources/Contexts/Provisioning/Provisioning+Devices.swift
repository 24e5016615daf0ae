import Audit
import Guomi
package import KeyLadder
package import Kernel
import SQLStore

extension Provisioning {
  /// What a station signs when it brings a device's request: which lot it is to count in.
  package static func endorsement(lot: ID<ProvisioningLot>, request: [UInt8]) -> [UInt8] {
    Array("LZGY-STN-1".utf8) + lot.bytes + SM3.hash(request).bytes
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
    let request = try Self.read(message)
    let record = try await work.run(ProvisioningError.self) { unit in
      try unit.reserve(request, lot: lot, signature: signature, by: principal)
    }
    let issued: IssuedDeviceKey
    do { issued = try await keys.answer(request) } catch { throw ProvisioningError(error) }
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
  /// - Parameter devices: 1 to as many as the lot allows, and at most `ProvisioningBatch.devicesMax`.
  package func file(
    lot: ID<ProvisioningLot>, devices: [KeyLadder.Holder], by principal: Principal
  ) async throws(ProvisioningError) -> [UInt8] {
    try principal.may(.devicesWrite)
    guard (1...ProvisioningBatch.devicesMax).contains(devices.count) else {
      throw .fieldInvalid(field: "devices", problem: "must be 1 to \(ProvisioningBatch.devicesMax)")
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
        validity: found.validFrom.unixSeconds..<found.validUntil.unixSeconds)
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
