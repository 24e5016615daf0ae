import Audit
import Guomi
import KeyLadder
package import Kernel
import SQLStore

/// One key a device, put into it at the factory and known to nobody else: stations, lots, and what the platform keeps.
///
/// - Source: clauses 9.4 d and 9.2.2 b.
package struct Provisioning: Sendable {
  let work: Work
  let keys: any DeviceRootKeys
  let randomBytes: @Sendable (Int) -> [UInt8]
  /// Who agrees sessions is asked for them, once it is attached.
  package let sessions = KeySessions()

  /// - Parameter randomBytes: so many fresh random bytes, from a generator fit for keys.
  package init(work: Work, keys: any DeviceRootKeys, randomBytes: @escaping @Sendable (Int) -> [UInt8]) {
    self.work = work
    self.keys = keys
    self.randomBytes = randomBytes
  }

  /// The platform's clock.
  package var now: Instant { work.time.now() }

  /// Waits on the platform's clock; throws `CancellationError` when cancelled.
  package func sleep(for duration: Duration) async throws { try await work.time.sleep(for: duration) }

  /// Lets a station in; needs `devices.write`.
  ///
  /// - Throws: `.nameTaken`, `.fieldInvalid` for a name or a key that is none.
  package func registerStation(
    _ new: FactoryStation.New, by principal: Principal
  ) async throws(ProvisioningError) -> FactoryStation {
    try principal.may(.devicesWrite)
    guard Self.isName(new.name) else {
      throw .fieldInvalid(field: "name", problem: "must have 1 to 64 characters of A-Z a-z 0-9 . _ -")
    }
    for (field, key) in [("verifyingKey", new.verifyingKey), ("encryptionKey", new.encryptionKey)]
    where (try? SM2.PublicPoint(x963: key)) == nil {
      throw .fieldInvalid(field: field, problem: "is no point of the SM2 curve")
    }
    return try await work.run(ProvisioningError.self) { unit in
      let station = FactoryStation(
        id: unit.newID(), organisation: principal.organisation, name: new.name, verifyingKey: new.verifyingKey,
        encryptionKey: new.encryptionKey, registeredAt: unit.now, block: nil)
      do { try unit.sql.insert(station) } catch SQLError.unique { throw ProvisioningError.nameTaken(new.name) }
      try unit.audit(.create, "provisioning.station", station.id, by: principal, .plain("name", station.name))
      return station
    }
  }

  /// Shuts a station out at once; its lots with it. Needs `devices.write`.
  ///
  /// - Throws: `.stationUnknown`, `.fieldInvalid` for a reason that says nothing.
  package func blockStation(
    _ id: ID<FactoryStation>, because reason: String, by principal: Principal
  ) async throws(ProvisioningError) {
    try principal.may(.devicesWrite)
    let reason = try Self.checked(reason)
    try await work.run(ProvisioningError.self) { unit in
      guard try !unit.sql.station(id, of: principal.organisation).isBlocked else { return }
      try unit.sql.block(id, because: reason, at: unit.now, of: principal.organisation)
      try unit.audit(.update, "provisioning.station", id, by: principal, because: reason, .plain("blocked", "true"))
    }
  }

  /// Lets a station that was blocked work again, and its lots that are still open; needs `devices.write`.
  ///
  /// - Throws: `.stationUnknown`, `.fieldInvalid` for a reason that says nothing.
  package func unblockStation(
    _ id: ID<FactoryStation>, because reason: String, by principal: Principal
  ) async throws(ProvisioningError) {
    try principal.may(.devicesWrite)
    let reason = try Self.checked(reason)
    try await work.run(ProvisioningError.self) { unit in
      guard try unit.sql.station(id, of: principal.organisation).isBlocked else { return }
      try unit.sql.unblock(id, of: principal.organisation)
      try unit.audit(.update, "provisioning.station", id, by: principal, because: reason, .plain("blocked", "false"))
    }
  }

  /// A reason as it is kept, without blanks around.
  ///
  /// - Throws: `.fieldInvalid` for none, and for more than `reasonLengthMax` characters.
  static func checked(_ reason: String) throws(ProvisioningError) -> String {
    let reason = trimmed(reason)
    guard (1...reasonLengthMax).contains(reason.count) else {
      throw .fieldInvalid(field: "reason", problem: "must have 1 to \(reasonLengthMax) characters")
    }
    return reason
  }

  /// Characters of a reason at most.
  package static let reasonLengthMax = 500

  static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  /// Allows a station so many devices for a while; needs `devices.write`.
  ///
  /// - Parameter note: what people call it by, at most `ProvisioningLot.noteLengthMax` characters.
  /// - Throws: `.stationUnknown`, `.stationBlocked`, `.fieldInvalid`.
  package func openLot(
    station: ID<FactoryStation>, quota: Int, from: Instant, until: Instant, note: String = "",
    by principal: Principal
  ) async throws(ProvisioningError) -> ProvisioningLot {
    try principal.may(.devicesWrite)
    guard (1...ProvisioningLot.quotaMax).contains(quota) else {
      throw .fieldInvalid(field: "quota", problem: "must be 1 to \(ProvisioningLot.quotaMax)")
    }
    guard from < until else { throw .fieldInvalid(field: "until", problem: "must be after from") }
    let note = Self.trimmed(note)
    guard note.count <= ProvisioningLot.noteLengthMax else {
      throw .fieldInvalid(field: "note", problem: "must have at most \(ProvisioningLot.noteLengthMax) characters")
    }
    return try await work.run(ProvisioningError.self) { unit in
      guard try !unit.sql.station(station, of: principal.organisation).isBlocked else {
        throw ProvisioningError.stationBlocked
      }
      let lot = ProvisioningLot(
        id: unit.newID(), organisation: principal.organisation, station: station, quota: quota, used: 0,
        validFrom: from, validUntil: until, closedAt: nil, isFile: false, note: note)
      try unit.sql.insert(lot)
      try unit.audit(.create, "provisioning.lot", lot.id, by: principal, .plain("quota", "\(quota)"))
      return lot
    }
  }

  /// Ends a lot for good; needs `devices.write`. Ending one that has ended changes nothing.
  package func closeLot(
    _ id: ID<ProvisioningLot>, by principal: Principal
  ) async throws(ProvisioningError) -> ProvisioningLot {
    try principal.may(.devicesWrite)
    return try await work.run(ProvisioningError.self) { unit in
      try Self.close(id, in: unit, by: principal)
      return try unit.sql.lot(id, of: principal.organisation)
    }
  }

  /// Ends a lot that has not ended.
  ///
  /// - Throws: `.lotUnknown`.
  static func close(_ id: ID<ProvisioningLot>, in unit: Unit, by principal: Principal) throws {
    guard try unit.sql.lot(id, of: principal.organisation).closedAt == nil else { return }
    try unit.sql.close(id, of: principal.organisation, at: unit.now)
    try unit.audit(.update, "provisioning.lot", id, by: principal, .plain("closed", "true"))
  }

  /// A lot and how much of it is used; needs `devices.read`.
  package func lot(
    _ id: ID<ProvisioningLot>, by principal: Principal
  ) async throws(ProvisioningError) -> ProvisioningLot {
    try principal.may(.devicesRead)
    return try await work.read(ProvisioningError.self) { sql in try sql.lot(id, of: principal.organisation) }
  }

  static func isName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

extension Principal {
  /// - Throws: `.denied`.
  func may(_ permission: Permission) throws(ProvisioningError) {
    do { try require(permission) } catch { throw ProvisioningError(error) }
  }
}
