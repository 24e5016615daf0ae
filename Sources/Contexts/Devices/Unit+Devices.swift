import Estate
import Kernel
import SQLStore

extension Unit {
  /// - Parameter liveness: fresher than the table's; nil to read the table's.
  func detail(
    _ device: Device, _ catalogue: ThingModelCatalogue, liveness: LivenessView?
  ) throws -> DeviceDetail {
    let model = catalogue.model(device.model, version: device.modelVersion, organisation: device.organisation)
    guard let model = model?.model else { throw DevicesError.modelUnknown("\(device.model)@\(device.modelVersion)") }
    let gateway = try device.gateway.map { try sql.device($0, of: device.organisation).device.name }
    return DeviceDetail(
      device: device, model: model, liveness: try liveness ?? sql.liveness(device.id, of: device.organisation),
      hello: try sql.hello(device.id, of: device.organisation), gatewayName: gateway,
      subDevices: try sql.subDevices(of: device.id, organisation: device.organisation, limit: 256),
      certificates: try sql.certificates(of: device.id, organisation: device.organisation),
      missingApprovals: device.missingApprovals(model, on: now.date(offsetMinutes: Devices.dayOffsetMinutes)))
  }

  /// Registers a device; the caller puts it into the directory after the commit.
  func register(
    _ new: NewDevice, _ catalogue: ThingModelCatalogue, organisation: ID<Organisation>
  ) throws -> Device {
    guard let name = DeviceName(new.name) else { throw DevicesError.nameInvalid(String(new.name.prefix(64))) }
    guard let model = catalogue.model(new.model, version: new.modelVersion, organisation: organisation)?.model else {
      throw DevicesError.modelUnknown(String((new.modelVersion.map { "\(new.model)@\($0)" } ?? new.model).prefix(80)))
    }
    guard try sql.device(named: new.name) == nil else { throw DevicesError.nameTaken(new.name) }
    let device = Device(
      id: newID(), number: try sql.nextDeviceNumber(), name: name, model: model.key, modelVersion: model.version,
      kind: model.kind, organisation: organisation, place: try new.room.map { try place($0, organisation) },
      gateway: try new.gateway.map { try gateway($0, organisation) }, labels: try Device.check(labels: new.labels),
      approvals: try Device.check(approvals: new.approvals), status: .registered, registeredAt: now, version: 1)
    try sql.insert(device)
    try record(DeviceRegistered(device: device.id, name: name, model: model.key), organisation: organisation)
    return device
  }

  func apply(_ change: DeviceChange, to device: inout Device, _ catalogue: ThingModelCatalogue) throws {
    if let room = change.room { device.place = try room.map { try place($0, device.organisation) } }
    if let labels = change.labels { device.labels = try Device.check(labels: labels) }
    if let approvals = change.approvals { device.approvals = try Device.check(approvals: approvals) }
    if let version = change.modelVersion {
      let model = catalogue.model(device.model, version: version, organisation: device.organisation)
      guard model?.model.kind == device.kind else { throw DevicesError.modelUnknown("\(device.model)@\(version)") }
      device.modelVersion = version
    }
  }

  private func place(_ room: ID<Room>, _ organisation: ID<Organisation>) throws -> DevicePlace {
    guard let place = try Estate.place(of: room, organisation: organisation, in: sql) else {
      throw DevicesError.fieldInvalid(field: "room", problem: "there is no such room")
    }
    return DevicePlace(building: place.room.building, room: room)
  }

  private func gateway(_ name: String, _ organisation: ID<Organisation>) throws -> ID<Device> {
    guard let gateway = try sql.device(named: name)?.device, gateway.organisation == organisation,
      gateway.kind == .gateway, gateway.status != .decommissioned
    else {
      throw DevicesError.fieldInvalid(field: "gateway", problem: "there is no gateway of this name in service")
    }
    return gateway.id
  }

  /// Revokes and tells the journal; the caller ends the sessions after the commit.
  func revoke(serial: String?, of device: Device, reason: String) throws -> [String] {
    let serials = try sql.revoke(
      serial: serial, of: device.id, organisation: device.organisation, at: now, reason: reason)
    for serial in serials {
      try record(
        CertificateRevoked(device: device.id, serial: serial, reason: reason), organisation: device.organisation)
    }
    return serials
  }
}

extension Device {
  static let labelsMax = 16
  static let labelLengthMax = 64

  static func check(labels: [String]) throws(DevicesError) -> [String] {
    guard labels.count <= labelsMax else {
      throw .fieldInvalid(field: "labels", problem: "at most \(labelsMax)")
    }
    for label in labels {
      guard (1...labelLengthMax).contains(label.unicodeScalars.count),
        label.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
      else {
        throw .fieldInvalid(
          field: "labels", problem: "each must have 1 to \(labelLengthMax) characters and no control characters")
      }
    }
    return labels
  }

  static func check(approvals: [ApprovalCertificate]) throws(DevicesError) -> [ApprovalCertificate] {
    guard approvals.count <= 16 else { throw .fieldInvalid(field: "approvals", problem: "at most 16") }
    for approval in approvals {
      guard (1...64).contains(approval.standard.count), (1...64).contains(approval.number.count) else {
        throw .fieldInvalid(field: "approvals", problem: "standard and number must have 1 to 64 characters")
      }
    }
    return approvals
  }

  /// Approvals that the model requires and the registry does not hold, or holds past their last day.
  ///
  /// - Source: clauses 6.1.2 a and 6.2.2 a.
  func missingApprovals(_ model: ThingModel, on today: LocalDate) -> [String] {
    model.approvals.filter(\.required).map(\.standard).filter { standard in
      !approvals.contains { $0.standard == standard && ($0.expires.map { $0 >= today } ?? true) }
    }
  }
}
