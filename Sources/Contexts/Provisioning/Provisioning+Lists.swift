import Audit
package import Kernel
import SQLStore

extension Provisioning {
  /// One station; needs `devices.read`.
  package func station(
    _ id: ID<FactoryStation>, by principal: Principal
  ) async throws(ProvisioningError) -> FactoryStation {
    try principal.may(.devicesRead)
    return try await work.read(ProvisioningError.self) { sql in try sql.station(id, of: principal.organisation) }
  }

  /// Stations that a query finds, newest first; needs `devices.read`.
  package func stations(
    _ query: StationQuery, by principal: Principal
  ) async throws(ProvisioningError) -> Page<StationSummary> {
    try principal.may(.devicesRead)
    let before = try Self.position(query.page, ID<FactoryStation>.self)
    let now = work.time.now()
    return try await work.read(ProvisioningError.self) { sql in
      let found = try sql.stations(query, of: principal.organisation, before: before, at: now)
      return Self.page(found, query.page) { $0.station.id.description }
    }
  }

  /// Lots that a query finds, newest first; needs `devices.read`.
  package func lots(
    _ query: LotQuery, by principal: Principal
  ) async throws(ProvisioningError) -> Page<LotSummary> {
    try principal.may(.devicesRead)
    let before = try Self.position(query.page, ID<ProvisioningLot>.self)
    let now = work.time.now()
    return try await work.read(ProvisioningError.self) { sql in
      let found = try sql.lots(query, of: principal.organisation, before: before, at: now)
      return Self.page(found, query.page) { $0.lot.id.description }
    }
  }

  /// A lot with its station; needs `devices.read`.
  ///
  /// - Throws: `.lotUnknown`.
  package func summary(
    ofLot id: ID<ProvisioningLot>, by principal: Principal
  ) async throws(ProvisioningError) -> LotSummary {
    try principal.may(.devicesRead)
    return try await work.read(ProvisioningError.self) { sql in
      try sql.summary(of: try sql.lot(id, of: principal.organisation))
    }
  }

  /// What is kept of devices' keys, of all that a query finds, newest first; needs `devices.read`.
  package func keys(
    _ query: KeyQuery, by principal: Principal
  ) async throws(ProvisioningError) -> Page<KeySummary> {
    try principal.may(.devicesRead)
    let before = try Self.position(query.page, ID<DeviceKeyRecord>.self)
    return try await work.read(ProvisioningError.self) { sql in
      let found = try sql.keys(query, of: principal.organisation, before: before)
      return Self.page(found, query.page) { $0.key.id.description }
    }
  }

  /// What is kept of a device's newest key, used or withdrawn, the epochs for which it agreed communication keys, and
  /// its session; needs `devices.read`.
  ///
  /// - Throws: `.keyUnknown`.
  package func keyState(
    of device: String, by principal: Principal
  ) async throws(ProvisioningError) -> DeviceKeyState {
    try principal.may(.devicesRead)
    let session = sessions.of(device)
    return try await work.read(ProvisioningError.self) { sql in
      guard let found = try sql.newestKey(of: device, organisation: principal.organisation) else {
        throw ProvisioningError.keyUnknown
      }
      return DeviceKeyState(
        summary: found, epochs: try sql.epochs(of: found.key), session: found.key.isUsable ? session : nil)
    }
  }

  /// Forgets the communication keys of a device: its session ends, and it has to renew before it agrees another. Needs
  /// `devices.write`.
  ///
  /// - Throws: `.keyUnknown`.
  package func endEpochs(
    of device: String, because reason: String, by principal: Principal
  ) async throws(ProvisioningError) {
    try principal.may(.devicesWrite)
    let reason = try Self.checked(reason)
    try await work.run(ProvisioningError.self) { unit in
      guard let record = try unit.sql.currentKey(of: device), record.organisation == principal.organisation,
        record.isUsable
      else { throw ProvisioningError.keyUnknown }
      try unit.sql.forgetEpochs(of: record)
      try unit.record(DeviceEpochsEnded(record), organisation: principal.organisation)
      try unit.audit(
        .update, "provisioning.key", record.id, by: principal, because: reason, .plain("epochs", "ended"))
    }
  }

  private static func position<T>(_ page: PageRequest, _: ID<T>.Type) throws(ProvisioningError) -> ID<T>? {
    guard let cursor = page.cursor else { return nil }
    guard let id = ID<T>(cursor) else {
      throw .fieldInvalid(field: "cursor", problem: "is not of this list")
    }
    return id
  }

  /// A page of what was found with one more than it holds.
  private static func page<T: Sendable>(_ found: [T], _ page: PageRequest, _ cursor: (T) -> String) -> Page<T> {
    guard found.count > page.limit else { return Page(items: found, next: nil) }
    let items = Array(found.prefix(page.limit))
    return Page(items: items, next: items.last.map(cursor))
  }
}
