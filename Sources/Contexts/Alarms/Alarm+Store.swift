import Devices
import Estate
import Foundation
import Kernel
import SQLStore

extension SQLConnection {
  func insert(_ alarm: Alarm) throws {
    let source = alarm.source
    try execute(
      """
      INSERT INTO alarm (organisation, id, device, device_name, device_kind, event, name_zh, name_en, building, room,
        place_name, cleared_by, level, rank, raised_at, last_at, device_time, told_at, count, content, state, version)
      VALUES (\(alarm.organisation), \(alarm.id), \(source.device), \(source.deviceName), \(source.kind?.rawValue),
        \(source.event), \(source.name.chinese), \(source.name.english), \(source.place?.building),
        \(source.place?.room), \(source.placeName), \(source.clearedBy), \(alarm.level.rawValue),
        \(alarm.level.rank), \(alarm.raisedAt), \(alarm.lastAt), \(alarm.deviceTime), \(alarm.toldAt),
        \(alarm.count), \(try AlarmValues.text(alarm.values)), \(alarm.state.rawValue), \(alarm.version))
      """)
  }

  func update(_ alarm: Alarm) throws {
    try execute(
      """
      UPDATE alarm SET last_at = \(alarm.lastAt), device_time = \(alarm.deviceTime), told_at = \(alarm.toldAt),
        count = \(alarm.count), content = \(try AlarmValues.text(alarm.values)),
        acknowledged_by = \(alarm.acknowledged?.by), acknowledged_at = \(alarm.acknowledged?.at),
        acknowledged_note = \(alarm.acknowledged?.note), reset_at = \(alarm.resetAt),
        closed_by = \(alarm.closed?.by), closed_at = \(alarm.closed?.at), closed_note = \(alarm.closed?.note),
        state = \(alarm.state.rawValue), version = \(alarm.version)
      WHERE organisation = \(alarm.organisation) AND id = \(alarm.id)
      """)
  }

  func append(_ step: AlarmStep, to alarm: Alarm) throws {
    try execute(
      """
      INSERT INTO alarm_step (organisation, alarm, number, act, at, by_name, note)
      SELECT CAST(\(alarm.organisation) AS \(blobType)), CAST(\(alarm.id) AS \(blobType)),
        COALESCE(MAX(number), 0) + 1, CAST(\(step.act.rawValue) AS TEXT), CAST(\(step.at) AS BIGINT),
        CAST(\(step.by) AS TEXT), CAST(\(step.note) AS TEXT)
      FROM alarm_step WHERE organisation = \(alarm.organisation) AND alarm = \(alarm.id)
      """)
  }

  private var blobType: SQL { dialect == .sqlite ? "BLOB" : "BYTEA" }

  func alarm(_ id: ID<Alarm>, of organisation: ID<Organisation>) throws -> Alarm {
    let row = try row("SELECT * FROM alarm WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw AlarmsError.alarmUnknown }
    return try Alarm(row)
  }

  /// An alarm within reach.
  ///
  /// - Throws: `.alarmUnknown`.
  func alarm(_ id: ID<Alarm>, for permission: Permission, _ principal: Principal) throws -> Alarm {
    let alarm = try alarm(id, of: principal.organisation)
    guard try Estate.reach(of: principal, for: permission, in: self).contains(alarm.source.place?.building) else {
      throw AlarmsError.alarmUnknown
    }
    return alarm
  }

  /// Those of the alarms that exist and are within reach.
  func alarms(among ids: [ID<Alarm>], of organisation: ID<Organisation>, _ reach: Reach) throws -> Set<ID<Alarm>> {
    let sql: SQL = "SELECT id FROM alarm WHERE organisation = \(organisation) AND id IN \(list: ids)"
    return Set(try rows(sql + reach.clause("building")).map { try $0.id("id") })
  }

  func steps(of alarm: Alarm) throws -> [AlarmStep] {
    try rows(
      """
      SELECT act, at, by_name, note FROM alarm_step
      WHERE organisation = \(alarm.organisation) AND alarm = \(alarm.id) ORDER BY number DESC LIMIT 1000
      """
    ).reversed().map { row in
      guard let act = AlarmStep.Act(rawValue: try row.text("act")) else { throw StoreFailure.broken }
      return AlarmStep(
        act: act, at: try row.instant("at"), by: try row.optionalText("by_name"), note: try row.text("note"))
    }
  }

  /// The open alarm of a device and event.
  func openAlarm(_ device: ID<Device>, _ event: String, of organisation: ID<Organisation>) throws -> Alarm? {
    try row(
      """
      SELECT * FROM alarm WHERE organisation = \(organisation) AND device = \(device) AND event = \(event)
        AND closed_at IS NULL
      """
    ).map { try Alarm($0) }
  }

  /// The open alarms of a device that this event says are over.
  func openAlarms(
    _ device: ID<Device>, clearedBy event: String, of organisation: ID<Organisation>
  ) throws -> [Alarm] {
    try rows(
      """
      SELECT * FROM alarm WHERE organisation = \(organisation) AND device = \(device) AND cleared_by = \(event)
        AND closed_at IS NULL ORDER BY id
      """
    ).map { try Alarm($0) }
  }
}

extension Alarm {
  init(_ row: SQLRow) throws {
    guard let level = EventLevel(rawValue: try row.text("level")) else { throw StoreFailure.broken }
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), source: try AlarmSource(row), level: level,
      raisedAt: try row.instant("raised_at"), lastAt: try row.instant("last_at"),
      deviceTime: try row.instant("device_time"), count: try row.integer("count"),
      values: try AlarmValues.values(row.text("content")),
      acknowledged: try Self.act(row, "acknowledged"), resetAt: try row.optionalInstant("reset_at"),
      closed: try Self.act(row, "closed"), version: try row.integer("version"), toldAt: try row.instant("told_at"))
  }

  private static func act(_ row: SQLRow, _ name: String) throws -> AlarmAct? {
    guard let at = try row.optionalInstant("\(name)_at") else { return nil }
    return AlarmAct(by: try row.text("\(name)_by"), at: at, note: try row.text("\(name)_note"))
  }
}

extension AlarmSource {
  init(_ row: SQLRow) throws {
    var place: DevicePlace?
    if try row.value("room") != .null {
      place = DevicePlace(building: try row.id("building"), room: try row.id("room"))
    }
    self.init(
      device: try row.id("device"), deviceName: try row.text("device_name"),
      kind: try row.optionalText("device_kind").flatMap(DeviceKind.init(rawValue:)),
      event: try row.text("event"),
      name: LocalName(chinese: try row.text("name_zh"), english: try row.text("name_en")),
      place: place, placeName: try row.text("place_name"), clearedBy: try row.optionalText("cleared_by"))
  }
}

/// The values of a sign as JSON text.
enum AlarmValues {
  static func text(_ values: [String: PropertyValue]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(values), as: UTF8.self)
  }

  static func values(_ text: String) throws -> [String: PropertyValue] {
    try JSONDecoder().decode([String: PropertyValue].self, from: Data(text.utf8))
  }
}
