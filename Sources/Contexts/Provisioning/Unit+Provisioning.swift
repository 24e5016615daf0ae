import Guomi
import KeyLadder
import Kernel
import SQLStore

extension Unit {
  /// Counts a device in its lot and keeps its request, before the key service is asked:
  /// what is asked twice counts once.
  func reserve(
    _ request: ProvisioningRequest, lot id: ID<ProvisioningLot>, signature: [UInt8], by principal: Principal
  ) throws -> DeviceKeyRecord {
    let organisation = principal.organisation
    let lot = try sql.lot(id, of: organisation)
    let station = try sql.station(lot.station, of: organisation)
    guard !station.isBlocked else { throw ProvisioningError.stationBlocked }
    let endorsed = Provisioning.endorsement(lot: id, request: request.message)
    guard let key = try? SM2.PublicPoint(x963: station.verifyingKey),
      let signature = try? SM2.Signature(raw: signature), SM2.VerifyingKey(key).isValid(signature, for: endorsed)
    else { throw ProvisioningError.requestForged }
    let device = String(decoding: request.holder.device, as: UTF8.self)
    if let current = try sql.currentKey(of: device) {
      guard try sql.isSame(current.id, request: request.message, of: organisation), current.lot == id else {
        throw ProvisioningError.deviceHasKey(device)
      }
      return current
    }
    if let obstacle = lot.obstacle(at: now) { throw obstacle }
    return try reserve(
      request.holder, random: request.random, verifyingKey: request.verifyingKey.point.x963, request: request.message,
      in: lot)
  }

  /// Counts all devices of a file, all or none, and shuts the lot.
  func reserve(
    _ devices: [(holder: KeyLadder.Holder, random: [UInt8])], lot id: ID<ProvisioningLot>, by principal: Principal
  ) throws -> (ProvisioningLot, FactoryStation, [DeviceKeyRecord]) {
    let lot = try sql.lot(id, of: principal.organisation)
    let station = try sql.station(lot.station, of: principal.organisation)
    guard !station.isBlocked else { throw ProvisioningError.stationBlocked }
    if lot.isFile, let records = try unfinished(devices.map(\.holder), in: lot) { return (lot, station, records) }
    // Its time is the station's matter; it may be made before.
    guard lot.closedAt == nil, !lot.isFile else { throw ProvisioningError.lotClosed }
    guard lot.quota - lot.used >= devices.count else { throw ProvisioningError.quotaExceeded(lot.quota) }
    let records = try devices.map { holder, random in
      let device = String(decoding: holder.device, as: UTF8.self)
      guard Provisioning.isName(device) else {
        throw ProvisioningError.fieldInvalid(field: "devices", problem: "names a device that can not be one")
      }
      guard try sql.currentKey(of: device) == nil else { throw ProvisioningError.deviceHasKey(device) }
      return try reserve(holder, random: random, verifyingKey: [], request: [], in: lot)
    }
    try sql.markFile(id, of: principal.organisation)
    return (lot, station, records)
  }

  /// The keys of a file that was not made: the key service did not answer then.
  ///
  /// - Returns: nil unless the same devices are asked for.
  private func unfinished(_ holders: [KeyLadder.Holder], in lot: ProvisioningLot) throws -> [DeviceKeyRecord]? {
    guard lot.closedAt == nil, try sql.file(of: lot.id, organisation: lot.organisation) == nil else { return nil }
    let waiting = try sql.pendingKeys(of: lot)
    let found = Dictionary(waiting.map { ($0.device, $0) }, uniquingKeysWith: { first, _ in first })
    let records = holders.compactMap { found[String(decoding: $0.device, as: UTF8.self)] }
    return records.count == holders.count && Set(records).count == waiting.count ? records : nil
  }

  private func reserve(
    _ holder: KeyLadder.Holder, random: [UInt8], verifyingKey: [UInt8], request: [UInt8], in lot: ProvisioningLot
  ) throws -> DeviceKeyRecord {
    guard try sql.count(in: lot.id, of: lot.organisation) else { throw ProvisioningError.quotaExceeded(lot.quota) }
    let record = DeviceKeyRecord(
      id: newID(), organisation: lot.organisation, device: String(decoding: holder.device, as: UTF8.self),
      element: holder.element, lot: lot.id, random: random,
      rootVersion: nil, checkValue: nil, verifyingKey: verifyingKey, state: .pending, provisionedAt: now,
      withdrawal: nil)
    do { try sql.insert(record, request: request) } catch SQLError.unique {
      // Two stations at once: the other one was first.
      throw ProvisioningError.deviceHasKey(record.device)
    }
    return record
  }
}
