import Kernel
import SQLStore

/// One property of a twin as its row holds it.
struct TwinRow: Sendable {
  let property: String
  var desired: PropertyValue?
  var desiredAt: Instant?
  var reported: PropertyValue?
  var reportedAt: Instant?
  /// Which message reported it: an older one never replaces a newer one.
  var boot: Int64?
  var sequence: Int64?

  var differs: Bool { desired != nil && desired != reported }
}

/// The versions of a twin's two parts.
struct TwinVersions: Sendable {
  var desired: Int64 = 0
  var reported: Int64 = 0
}

extension SQLConnection {
  func twinVersions(of device: ID<Device>, organisation: ID<Organisation>) throws -> TwinVersions {
    let row = try row(
      """
      SELECT desired_version, reported_version FROM device_twin
      WHERE organisation = \(organisation) AND device = \(device)
      """)
    return try row.map { row in
      TwinVersions(desired: try row.integer("desired_version"), reported: try row.integer("reported_version"))
    } ?? TwinVersions()
  }

  func twinRows(of device: ID<Device>, organisation: ID<Organisation>) throws -> [String: TwinRow] {
    let rows = try rows(
      """
      SELECT property, desired, desired_at, reported, reported_at, boot, sequence FROM device_twin_property
      WHERE organisation = \(organisation) AND device = \(device)
      """
    ).map { row in
      TwinRow(
        property: try row.text("property"), desired: try row.optionalText("desired").map { try JSONText.decode($0) },
        desiredAt: try row.optionalInstant("desired_at"),
        reported: try row.optionalText("reported").map { try JSONText.decode($0) },
        reportedAt: try row.optionalInstant("reported_at"), boot: try row.optionalInteger("boot"),
        sequence: try row.optionalInteger("sequence"))
    }
    return Dictionary(rows.map { ($0.property, $0) }, uniquingKeysWith: { $1 })
  }

  func put(_ row: TwinRow, of device: ID<Device>, organisation: ID<Organisation>) throws {
    try execute(
      """
      INSERT INTO device_twin_property (organisation, device, property, desired, desired_at, reported, reported_at,
        boot, sequence)
      VALUES (\(organisation), \(device), \(row.property), \(try row.desired.map { try JSONText.encode($0) }),
        \(row.desiredAt), \(try row.reported.map { try JSONText.encode($0) }), \(row.reportedAt), \(row.boot),
        \(row.sequence))
      ON CONFLICT (organisation, device, property) DO UPDATE SET desired = excluded.desired,
        desired_at = excluded.desired_at, reported = excluded.reported, reported_at = excluded.reported_at,
        boot = excluded.boot, sequence = excluded.sequence
      """)
  }

  func put(
    _ versions: TwinVersions, differs: Bool, of device: ID<Device>, organisation: ID<Organisation>
  ) throws {
    try execute(
      """
      INSERT INTO device_twin (organisation, device, desired_version, reported_version, differs)
      VALUES (\(organisation), \(device), \(versions.desired), \(versions.reported), \(differs))
      ON CONFLICT (organisation, device) DO UPDATE SET desired_version = excluded.desired_version,
        reported_version = excluded.reported_version, differs = excluded.differs
      """)
  }

  /// Devices of the whole platform whose twins differ, by id.
  func differingTwins(after device: ID<Device>?, limit: Int) throws -> [ID<Device>] {
    var sql: SQL = "SELECT device FROM device_twin WHERE differs = 1"
    if let device { sql += " AND device > \(device)" }
    return try rows(sql + " ORDER BY device LIMIT \(limit)").map { try $0.id("device") }
  }

  func twin(of device: ID<Device>, _ model: ThingModel, organisation: ID<Organisation>) throws -> Twin {
    let versions = try twinVersions(of: device, organisation: organisation)
    let rows = try twinRows(of: device, organisation: organisation)
    let entries = model.properties.filter(\.writable).map { property in
      let row = rows[property.key]
      return Twin.Entry(
        property: property.key, desired: row?.desired, desiredAt: row?.desiredAt, reported: row?.reported,
        reportedAt: row?.reportedAt)
    }
    return Twin(
      device: device, desiredVersion: versions.desired, reportedVersion: versions.reported, entries: entries)
  }
}
