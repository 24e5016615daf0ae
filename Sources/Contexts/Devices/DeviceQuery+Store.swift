import Estate
import Kernel
import SQLStore

extension SQLConnection {
  static let livenessColumns: SQL = """
    coalesce(l.state, 'unseen') AS liveness, l.since AS liveness_since, l.last_message_at, \
    coalesce(l.connected, 0) AS connected
    """

  /// One more than the page holds, when there are more; by name.
  func devices(
    _ query: DeviceQuery, of organisation: ID<Organisation>, _ reach: Reach
  ) throws -> [(StoredDevice, LivenessView)] {
    var sql: SQL = """
      SELECT \(Self.deviceColumns), \(Self.livenessColumns) FROM device d
      LEFT JOIN device_liveness l ON l.organisation = d.organisation AND l.device = d.id
      WHERE d.organisation = \(organisation)
      """
    sql += Self.filter(query) + reach.clause("d.building")
    if let cursor = query.page.cursor { sql += " AND d.name > \(cursor)" }
    sql += " ORDER BY d.name LIMIT \(query.page.limit + 1)"
    return try rows(sql).map { (try StoredDevice($0), try LivenessView($0)) }
  }

  private static func filter(_ query: DeviceQuery) -> SQL {
    var sql: SQL = ""
    if let text = query.text?.lowercased(), !text.isEmpty {
      sql += " AND d.search LIKE \("%" + escaped(text) + "%") ESCAPE '!'"
    }
    if !query.kinds.isEmpty { sql += " AND d.kind IN \(list: query.kinds.map(\.rawValue).sorted())" }
    if query.statuses.isEmpty {
      sql += " AND d.status <> 'decommissioned'"
    } else {
      sql += " AND d.status IN \(list: query.statuses.map(\.rawValue).sorted())"
    }
    if !query.liveness.isEmpty {
      sql += " AND coalesce(l.state, 'unseen') IN \(list: query.liveness.map(\.rawValue).sorted())"
    }
    if let building = query.building { sql += " AND d.building = \(building)" }
    if let room = query.room { sql += " AND d.room = \(room)" }
    if let gateway = query.gateway { sql += " AND d.gateway = \(gateway)" }
    return sql
  }

  /// A text in which `%` and `_` stand for themselves.
  private static func escaped(_ text: String) -> String {
    text.map { "%_!".contains($0) ? "!\($0)" : String($0) }.joined()
  }

  func deviceCounts(
    building: ID<Building>?, of organisation: ID<Organisation>, _ reach: Reach
  ) throws -> DeviceCounts {
    var sql: SQL = """
      SELECT d.kind AS kind, coalesce(l.state, 'unseen') AS liveness, count(*) AS devices FROM device d
      LEFT JOIN device_liveness l ON l.organisation = d.organisation AND l.device = d.id
      WHERE d.organisation = \(organisation) AND d.status <> 'decommissioned'
      """
    if let building { sql += " AND d.building = \(building)" }
    sql += reach.clause("d.building") + " GROUP BY d.kind, coalesce(l.state, 'unseen') ORDER BY 1, 2"
    return DeviceCounts(
      lines: try rows(sql).compactMap { row in
        guard let kind = DeviceKind(rawValue: try row.text("kind")),
          let liveness = LivenessState(rawValue: try row.text("liveness"))
        else { return nil }
        return DeviceCounts.Line(kind: kind, liveness: liveness, count: try row.int("devices"))
      })
  }

  func liveness(_ device: ID<Device>, of organisation: ID<Organisation>) throws -> LivenessView {
    let row = try row(
      """
      SELECT state AS liveness, since AS liveness_since, last_message_at, connected FROM device_liveness
      WHERE organisation = \(organisation) AND device = \(device)
      """)
    return try row.map { try LivenessView($0) }
      ?? LivenessView(state: .unseen, since: nil, lastMessageAt: nil, connected: false)
  }

  func hello(_ device: ID<Device>, of organisation: ID<Organisation>) throws -> DeviceHello? {
    try row(
      """
      SELECT boot, firmware, model_version, at FROM device_hello
      WHERE organisation = \(organisation) AND device = \(device)
      """
    ).map { row in
      DeviceHello(
        boot: try row.integer("boot"), firmware: try row.text("firmware"),
        modelVersion: try row.int("model_version"), at: try row.instant("at"))
    }
  }

  /// Keeps what a device says of itself, unless a later start of it was heard already.
  func put(
    _ hello: DeviceHello, sequence: Int64, of device: ID<Device>, organisation: ID<Organisation>
  ) throws {
    try execute(
      """
      INSERT INTO device_hello (organisation, device, boot, sequence, firmware, model_version, at)
      VALUES (\(organisation), \(device), \(hello.boot), \(sequence), \(hello.firmware), \(hello.modelVersion),
        \(hello.at))
      ON CONFLICT (organisation, device) DO UPDATE SET boot = excluded.boot, sequence = excluded.sequence,
        firmware = excluded.firmware, model_version = excluded.model_version, at = excluded.at
      WHERE (excluded.boot, excluded.sequence) > (device_hello.boot, device_hello.sequence)
      """)
  }
}

extension LivenessView {
  fileprivate init(_ row: SQLRow) throws {
    guard let state = LivenessState(rawValue: try row.text("liveness")) else { throw StoreFailure.broken }
    self.init(
      state: state, since: try row.optionalInstant("liveness_since"),
      lastMessageAt: try row.optionalInstant("last_message_at"), connected: try row.bool("connected"))
  }
}
