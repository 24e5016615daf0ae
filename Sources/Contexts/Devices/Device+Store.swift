import Estate
import FoundationEssentials
import Kernel
import SQLStore

extension SQLConnection {
  static let deviceColumns: SQL = """
    d.organisation, d.id, d.number, d.name, d.model, d.model_version, d.kind, d.building, d.room, d.gateway, d.labels, \
    d.approvals, d.status, d.registered_at, d.owned_since, d.version
    """

  /// - Throws: `DevicesError.deviceUnknown`.
  func device(_ id: ID<Device>, of organisation: ID<Organisation>) throws -> StoredDevice {
    let sql: SQL = """
      SELECT \(Self.deviceColumns) FROM device d WHERE d.organisation = \(organisation) AND d.id = \(id)
      """
    guard let row = try row(sql) else { throw DevicesError.deviceUnknown }
    return try StoredDevice(row)
  }

  /// The device of a name, whosever it is; nil when there is none.
  func device(named name: String) throws -> StoredDevice? {
    try row("SELECT \(Self.deviceColumns) FROM device d WHERE d.name = \(name)").map { try StoredDevice($0) }
  }

  /// The device of an id, whosever it is; nil when there is none.
  func device(anywhere id: ID<Device>) throws -> StoredDevice? {
    try row("SELECT \(Self.deviceColumns) FROM device d WHERE d.id = \(id)").map { try StoredDevice($0) }
  }

  /// All devices of the platform by number, for the directory.
  func allDevices(after number: Int64, limit: Int) throws -> [StoredDevice] {
    try rows(
      """
      SELECT \(Self.deviceColumns) FROM device d WHERE d.number > \(number) ORDER BY d.number LIMIT \(limit)
      """
    ).map { try StoredDevice($0) }
  }

  func nextDeviceNumber() throws -> DeviceNumber {
    let last = try row("SELECT coalesce(max(number), 0) AS last FROM device")?.integer("last") ?? 0
    guard let next = UInt32(exactly: last + 1) else { throw StoreFailure.full }
    return DeviceNumber(next)
  }

  func insert(_ device: Device) throws {
    try execute(
      """
      INSERT INTO device (organisation, id, number, name, search, model, model_version, kind, building, room, gateway,
        labels, approvals, status, registered_at, owned_since, version)
      VALUES (\(device.organisation), \(device.id), \(device.number.value), \(device.name.description),
        \(device.searchText), \(device.model), \(device.modelVersion), \(device.kind.rawValue),
        \(device.place?.building), \(device.place?.room), \(device.gateway), \(try JSONText.encode(device.labels)),
        \(try JSONText.encode(device.approvals)), \(device.status.rawValue), \(device.registeredAt),
        \(device.registeredAt), \(device.version))
      """)
  }

  /// Writes a changed device; its version has grown by one.
  func update(_ device: Device) throws {
    let count = try execute(
      """
      UPDATE device SET search = \(device.searchText), model_version = \(device.modelVersion),
        building = \(device.place?.building), room = \(device.place?.room), gateway = \(device.gateway),
        labels = \(try JSONText.encode(device.labels)), approvals = \(try JSONText.encode(device.approvals)),
        status = \(device.status.rawValue), version = \(device.version)
      WHERE organisation = \(device.organisation) AND id = \(device.id) AND version = \(device.version - 1)
      """)
    guard count == 1 else { throw StoreFailure.broken }
  }

  /// Moves a device and what belongs to its present to another owner; its past stays with the old one.
  func move(_ device: Device, to organisation: ID<Organisation>, at now: Instant) throws {
    let (id, old) = (device.id, device.organisation)
    try execute(
      """
      UPDATE device SET organisation = \(organisation), owned_since = \(now), building = NULL, room = NULL,
        gateway = NULL, labels = '[]', search = \(device.name.description.lowercased()), version = version + 1
      WHERE organisation = \(old) AND id = \(id)
      """)
    for table in ["device_certificate", "device_liveness", "device_hello", "device_twin", "device_twin_property"] {
      try execute(
        "UPDATE \(raw: table) SET organisation = \(organisation) WHERE organisation = \(old) AND device = \(id)")
    }
    try execute(
      """
      UPDATE device_twin_property SET desired = NULL, desired_at = NULL
      WHERE organisation = \(organisation) AND device = \(id)
      """)
    try execute(
      """
      UPDATE device_twin SET differs = 0, desired_version = desired_version + 1
      WHERE organisation = \(organisation) AND device = \(id)
      """)
  }

  func subDevices(of gateway: ID<Device>, organisation: ID<Organisation>, limit: Int) throws -> [DeviceName] {
    try rows(
      """
      SELECT name FROM device
      WHERE organisation = \(organisation) AND gateway = \(gateway) AND status <> 'decommissioned'
      ORDER BY name LIMIT \(limit)
      """
    ).compactMap { DeviceName(try $0.text("name")) }
  }
}

/// A device as its row holds it.
struct StoredDevice: Sendable {
  var device: Device
  /// What came before belongs to an earlier owner.
  let ownedSince: Instant

  init(_ row: SQLRow) throws {
    let building: ID<Building>? = try row.optionalID("building")
    let room: ID<Room>? = try row.optionalID("room")
    guard let name = DeviceName(try row.text("name")), let kind = DeviceKind(rawValue: try row.text("kind")),
      let status = DeviceStatus(rawValue: try row.text("status")),
      let number = UInt32(exactly: try row.integer("number"))
    else { throw StoreFailure.broken }
    var place: DevicePlace?
    if let building, let room { place = DevicePlace(building: building, room: room) }
    device = Device(
      id: try row.id("id"), number: DeviceNumber(number), name: name, model: try row.text("model"),
      modelVersion: try row.int("model_version"), kind: kind, organisation: try row.id("organisation"), place: place,
      gateway: try row.optionalID("gateway"), labels: try JSONText.decode(row.text("labels")),
      approvals: try JSONText.decode(row.text("approvals")), status: status,
      registeredAt: try row.instant("registered_at"), version: try row.integer("version"))
    ownedSince = try row.instant("owned_since")
  }
}

extension Device {
  /// What a search looks through: name and labels in small letters, one a line.
  var searchText: String {
    ([name.description] + labels).joined(separator: "\n").lowercased()
  }
}

/// JSON in a text column.
enum JSONText {
  static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<T: Decodable>(_ text: String, _: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(text.utf8))
  }
}
