import Estate
package import Kernel
import SQLStore
import WireFormats

extension DeviceMessages {
  /// An event becomes a row and a journal entry; other contexts raise alarms from it.
  ///
  /// A known event is taken whatever its values are: a fire is a fire, even with an impossible temperature.
  func event(
    _ message: UrgentMessage, _ body: WireValue, _ entry: DeviceDirectory.Entry, _ unit: Unit
  ) throws -> [RejectedPart] {
    let key = body["event"]?.string ?? ""
    guard let event = entry.model.model.event(key) else {
      return [RejectedPart(property: "event", reason: "event.unknown", given: key)]
    }
    let (values, rejected) = entry.model.model.values(body["values"], of: event.values)
    let device = try unit.sql.device(entry.id, of: entry.organisation).device
    let raised = DeviceEventRaised(
      id: unit.newID(), device: entry.id, deviceName: entry.name, deviceKind: device.kind, place: device.place,
      labels: device.labels, event: event.key, name: event.name, level: event.level, clearedBy: event.clearedBy,
      deviceTime: message.deviceTime, receivedAt: message.receivedAt, values: values)
    // The same boot and sequence number again is the same event: a device that missed its acknowledgement.
    guard try unit.sql.insert(raised, message, organisation: entry.organisation) else { return [] }
    try unit.record(raised, organisation: entry.organisation)
    return rejected
  }
}

extension Devices {
  /// What devices told of, newest first by receipt; needs `devices.read`.
  package func events(
    _ query: DeviceEventQuery, by principal: Principal
  ) async throws(DevicesError) -> Page<DeviceEvent> {
    try principal.may(.devicesRead)
    var before: ID<DeviceEvent>?
    if let cursor = query.page.cursor {
      guard let id = ID<DeviceEvent>(cursor) else { throw .cursorInvalid }
      before = id
    }
    let (position, catalogue) = (before, catalogue)
    return try await work.read(DevicesError.self) { sql in
      let reach = try Estate.reach(of: principal, for: .devicesRead, in: sql)
      let found = try sql.deviceEvents(query, before: position, of: principal.organisation, reach, catalogue)
      let items = Array(found.prefix(query.page.limit))
      return Page(items: items, next: found.count > query.page.limit ? items.last?.id.description : nil)
    }
  }
}

extension SQLConnection {
  /// - Returns: false when the event is there already.
  fileprivate func insert(
    _ event: DeviceEventRaised, _ message: UrgentMessage, organisation: ID<Organisation>
  ) throws -> Bool {
    try execute(
      """
      INSERT INTO device_event (organisation, id, device, event, level, device_time, received_at, boot, sequence,
        content)
      VALUES (\(organisation), \(event.id), \(event.device), \(event.event), \(event.level.rawValue),
        \(event.deviceTime), \(event.receivedAt), \(message.boot), \(message.sequence),
        \(try JSONText.encode(event.values)))
      ON CONFLICT DO NOTHING
      """) == 1
  }

  fileprivate func deviceEvents(
    _ query: DeviceEventQuery, before: ID<DeviceEvent>?, of organisation: ID<Organisation>, _ reach: Reach,
    _ catalogue: ThingModelCatalogue
  ) throws -> [DeviceEvent] {
    var sql: SQL = """
      SELECT e.id AS event_id, e.event, e.level, e.device_time, e.received_at, e.content, d.id, d.name, d.model,
        d.model_version
      FROM device_event e JOIN device d ON d.id = e.device
      WHERE e.organisation = \(organisation)
      """
    sql += reach.clause("d.building")
    if let device = query.device { sql += " AND e.device = \(device)" }
    if !query.levels.isEmpty { sql += " AND e.level IN \(list: query.levels.map(\.rawValue).sorted())" }
    if !query.events.isEmpty { sql += " AND e.event IN \(list: query.events.sorted())" }
    if let from = query.from { sql += " AND e.received_at >= \(from)" }
    if let to = query.to { sql += " AND e.received_at < \(to)" }
    if let before { sql += " AND e.id < \(before)" }
    return try rows(sql + " ORDER BY e.id DESC LIMIT \(query.page.limit + 1)").map { row in
      guard let name = DeviceName(try row.text("name")), let level = EventLevel(rawValue: try row.text("level")) else {
        throw StoreFailure.broken
      }
      let key = try row.text("event")
      let model = catalogue.model(
        try row.text("model"), version: try row.int("model_version"), organisation: organisation)
      return DeviceEvent(
        id: try row.id("event_id"), device: try row.id("id"), deviceName: name, event: key,
        name: model?.model.event(key)?.name ?? LocalName(chinese: key, english: key), level: level,
        deviceTime: try row.instant("device_time"), receivedAt: try row.instant("received_at"),
        values: try JSONText.decode(row.text("content")))
    }
  }
}
