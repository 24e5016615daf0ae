import Audit
package import Estate
package import Kernel
package import SQLStore

extension Devices {
  /// The organisation's devices by name; needs `devices.read`.
  package func list(_ query: DeviceQuery, by principal: Principal) async throws(DevicesError) -> Page<DeviceSummary> {
    try principal.may(.devicesRead)
    guard (query.text ?? "").count <= 100 else {
      throw .fieldInvalid(field: "text", problem: "must have at most 100 characters")
    }
    if let cursor = query.page.cursor, DeviceName(cursor) == nil { throw .cursorInvalid }
    let (catalogue, board) = (catalogue, links.board)
    return try await work.read(DevicesError.self) { sql in
      let reach = try Estate.reach(of: principal, for: .devicesRead, in: sql)
      let found = try sql.devices(query, of: principal.organisation, reach)
      let items = found.prefix(query.page.limit).map { stored, liveness in
        DeviceSummary(
          device: stored.device, modelName: catalogue.name(of: stored.device),
          liveness: board?.view(stored.device.number) ?? liveness)
      }
      return Page(
        items: items, next: found.count > query.page.limit ? items.last?.device.name.description : nil)
    }
  }

  /// How many devices there are of each kind and state; needs `devices.read`.
  package func counts(
    building: ID<Building>? = nil, by principal: Principal
  ) async throws(DevicesError) -> DeviceCounts {
    try principal.may(.devicesRead)
    return try await work.read(DevicesError.self) { sql in
      let reach = try Estate.reach(of: principal, for: .devicesRead, in: sql)
      return try sql.deviceCounts(building: building, of: principal.organisation, reach)
    }
  }

  /// All of one device but its data; needs `devices.read`.
  package func device(_ id: ID<Device>, by principal: Principal) async throws(DevicesError) -> DeviceDetail {
    try principal.may(.devicesRead)
    let (catalogue, board) = (catalogue, links.board)
    return try await work.run(DevicesError.self) { unit in
      let device = try unit.sql.device(id, for: .devicesRead, principal).device
      return try unit.detail(device, catalogue, liveness: board?.view(device.number))
    }
  }

  /// As `device(_:by:)`, by the name that stands on it.
  package func device(named name: String, by principal: Principal) async throws(DevicesError) -> DeviceDetail {
    try principal.may(.devicesRead)
    guard let entry = directory[name], entry.organisation == principal.organisation else { throw .deviceUnknown }
    return try await device(entry.id, by: principal)
  }

  /// Registers one device, owned by the principal's organisation; needs `devices.write`.
  ///
  /// - Throws: `.nameInvalid`, `.nameTaken`, `.modelUnknown`, `.fieldInvalid`.
  /// - Source: clause 7.1.2 b.
  package func register(_ new: NewDevice, by principal: Principal) async throws(DevicesError) -> Device {
    try principal.may(.devicesWrite)
    let catalogue = catalogue
    let device = try await work.run(DevicesError.self) { unit in
      let device = try unit.register(new, catalogue, organisation: principal.organisation)
      try unit.requireReach(device.place, principal)
      try unit.audit(.create, "device", device.id, by: principal, .plain("name", new.name), .plain("model", new.model))
      return device
    }
    admit([device])
    return device
  }

  /// Changes a device's place, labels, approvals or model version; needs `devices.write`.
  ///
  /// - Parameter version: the one that was read; nil to change whatever is there.
  /// - Throws: `.stale`, `.decommissioned`, `.fieldInvalid`, `.modelUnknown`.
  package func change(
    _ id: ID<Device>, _ change: DeviceChange, expecting version: Int64?, by principal: Principal
  ) async throws(DevicesError) -> Device {
    try principal.may(.devicesWrite)
    let catalogue = catalogue
    let device = try await work.run(DevicesError.self) { unit in
      var device = try unit.sql.device(id, for: .devicesWrite, principal).device
      if let version, version != device.version { throw DevicesError.stale(current: device.version) }
      guard device.status != .decommissioned else { throw DevicesError.decommissioned }
      try unit.apply(change, to: &device, catalogue)
      try unit.requireReach(device.place, principal)
      device.version += 1
      try unit.sql.update(device)
      try unit.record(DeviceChanged(device: id, change: .record), organisation: device.organisation)
      try unit.audit(.update, "device", id, by: principal, .plain("name", device.name.description))
      return device
    }
    admit([device])
    return device
  }

  /// Gives the device to another organisation; only its owner may; needs `devices.unbind` and a second
  /// verification.
  ///
  /// Its place, labels, gateway and desired twin are taken off, its open commands fail, its data stays with the old
  /// owner; its certificate goes with it and its session begins anew.
  /// - Throws: `.deviceUnknown`, `.decommissioned`, `.fieldInvalid`, `.modelUnknown`, `.unproven`.
  /// - Source: clauses 7.1.2 b and 9.3 c.
  package func transfer(
    _ id: ID<Device>, to organisation: ID<Organisation>, by principal: Principal
  ) async throws(DevicesError) {
    try principal.may(.devicesUnbind, freshAt: work.time.now())
    let catalogue = catalogue
    let device = try await work.run(DevicesError.self) { unit in
      let device = try unit.sql.device(id, for: .devicesUnbind, principal).device
      guard device.status != .decommissioned else { throw DevicesError.decommissioned }
      guard organisation != device.organisation else {
        throw DevicesError.fieldInvalid(field: "organisation", problem: "owns the device already")
      }
      guard catalogue.model(device.model, version: device.modelVersion, organisation: organisation) != nil else {
        throw DevicesError.modelUnknown("\(device.model)@\(device.modelVersion)")
      }
      guard try unit.sql.subDevices(of: id, organisation: device.organisation, limit: 1).isEmpty else {
        throw DevicesError.fieldInvalid(field: "device", problem: "brings sub-devices; move them first")
      }
      try unit.failOpenCommands(of: device, code: "device.transferred", "the device has another owner now")
      try unit.sql.move(device, to: organisation, at: unit.now)
      for owner in [device.organisation, organisation] {
        try unit.record(DeviceChanged(device: id, change: .transferred), organisation: owner)
        try unit.audit(
          AuditEvent(
            .act, "device", id.description, by: principal, organisation: owner,
            details: [.plain("act", "transfer"), .plain("to", organisation.description)]))
      }
      return try unit.sql.device(id, of: organisation).device
    }
    admit([device])
    links.sessions?.end(device.number, because: .transferred)
  }

  /// Takes a device out of service for good: its certificates are revoked and its session ends; needs
  /// `devices.unbind` and a second verification.
  ///
  /// - Source: clause 9.3 c.
  package func decommission(_ id: ID<Device>, by principal: Principal) async throws(DevicesError) -> Device {
    try principal.may(.devicesUnbind, freshAt: work.time.now())
    let (device, serials) = try await work.run(DevicesError.self) { unit in
      var device = try unit.sql.device(id, for: .devicesUnbind, principal).device
      guard device.status != .decommissioned else { throw DevicesError.decommissioned }
      guard try unit.sql.subDevices(of: id, organisation: device.organisation, limit: 1).isEmpty else {
        throw DevicesError.fieldInvalid(field: "device", problem: "brings sub-devices; move them first")
      }
      device.status = .decommissioned
      device.version += 1
      try unit.sql.update(device)
      try unit.failOpenCommands(of: device, code: "device.decommissioned", "the device is out of service")
      let serials = try unit.revoke(serial: nil, of: device, reason: "cessationOfOperation")
      try unit.record(DeviceChanged(device: id, change: .decommissioned), organisation: device.organisation)
      try unit.audit(.delete, "device", id, by: principal, .plain("name", device.name.description))
      return (device, serials)
    }
    revoked.insert(serials)
    admit([device])
    links.sessions?.end(device.number, because: .decommissioned)
    return device
  }
}

extension Devices {
  /// A device, inside another context's unit of work; nil when the organisation has no such device.
  package static func device(
    _ id: ID<Device>, organisation: ID<Organisation>, in sql: SQLConnection
  ) throws -> Device? {
    do { return try sql.device(id, of: organisation).device } catch DevicesError.deviceUnknown { return nil }
  }
}

extension ThingModelCatalogue {
  func name(of device: Device) -> LocalName {
    model(device.model, version: device.modelVersion, organisation: device.organisation)?.model.name
      ?? LocalName(chinese: device.model, english: device.model)
  }
}
