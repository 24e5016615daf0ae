import Audit
package import Kernel
import SQLStore

extension Devices {
  /// What is desired of the device and what it reports; needs `devices.read`.
  package func twin(_ id: ID<Device>, by principal: Principal) async throws(DevicesError) -> Twin {
    try principal.may(.devicesRead)
    let catalogue = catalogue
    return try await work.run(DevicesError.self) { unit in
      let device = try unit.sql.device(id, for: .devicesRead, principal).device
      return try unit.sql.twin(of: id, catalogue.require(device), organisation: device.organisation)
    }
  }

  /// Desires values of writable properties; the device is told when it can be, and its report shows when it is so;
  /// needs `devices.write`.
  ///
  /// - Parameters:
  ///   - values: by property; nil takes the desire back.
  ///   - version: `desiredVersion` that was read; nil to change whatever is there.
  /// - Throws: `.propertyUnknown`, `.propertyReadOnly`, `.argumentInvalid`, `.stale`, `.decommissioned`.
  package func desire(
    _ id: ID<Device>, _ values: [String: PropertyValue?], expecting version: Int64?, by principal: Principal
  ) async throws(DevicesError) -> Twin {
    try principal.may(.devicesWrite)
    let catalogue = catalogue
    let (twin, number) = try await work.run(DevicesError.self) { unit in
      let device = try unit.sql.device(id, for: .devicesWrite, principal).device
      guard device.status != .decommissioned else { throw DevicesError.decommissioned }
      let model = try catalogue.require(device)
      try unit.desire(values, of: device, model, expecting: version)
      let keys = values.keys.sorted().joined(separator: " ")
      try unit.audit(.update, "device.twin", id, by: principal, .plain("properties", keys))
      return (try unit.sql.twin(of: id, model, organisation: device.organisation), device.number)
    }
    links.ring(.twins, number)
    return twin
  }
}

extension Unit {
  fileprivate func desire(
    _ values: [String: PropertyValue?], of device: Device, _ model: ThingModel, expecting version: Int64?
  ) throws {
    var versions = try sql.twinVersions(of: device.id, organisation: device.organisation)
    if let version, version != versions.desired { throw DevicesError.stale(current: versions.desired) }
    var rows = try sql.twinRows(of: device.id, organisation: device.organisation)
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      guard let property = model.property(key) else { throw DevicesError.propertyUnknown(String(key.prefix(64))) }
      guard property.writable else { throw DevicesError.propertyReadOnly(key) }
      var row = rows[key] ?? TwinRow(property: key)
      if let value {
        guard let normalized = property.type.normalized(value) else {
          throw DevicesError.argumentInvalid(name: key, problem: property.type.problem(with: value) ?? "is wrong")
        }
        row.desired = normalized
        row.desiredAt = now
      } else {
        row.desired = nil
        row.desiredAt = nil
      }
      rows[key] = row
      try sql.put(row, of: device.id, organisation: device.organisation)
    }
    versions.desired += 1
    try sql.put(
      versions, differs: rows.values.contains(where: \.differs), of: device.id, organisation: device.organisation)
    try record(TwinDesired(device: device.id, version: versions.desired), organisation: device.organisation)
  }
}

extension ThingModelCatalogue {
  /// The device's model.
  ///
  /// - Throws: `.modelUnknown`.
  func require(_ device: Device) throws(DevicesError) -> ThingModel {
    let model = model(device.model, version: device.modelVersion, organisation: device.organisation)
    guard let model else { throw .modelUnknown("\(device.model)@\(device.modelVersion)") }
    return model.model
  }
}
