import Estate
package import Kernel
import SQLStore

extension Devices {
  /// Values and messages that were not taken, and why, newest first; needs `devices.read`.
  ///
  /// Two sources are joined: what the folding of telemetry found, and what the urgent lane found; the latter's ids are
  /// negative.
  /// - Parameter id: nil for all of the organisation's devices.
  package func rejectedReadings(
    _ id: ID<Device>?, _ page: PageRequest, by principal: Principal
  ) async throws(DevicesError) -> Page<RejectedReading> {
    try principal.may(.devicesRead)
    let start = try RejectedCursor(page.cursor)
    var (devices, since): ([DeviceNumber]?, Instant) = (nil, Instant(microseconds: .min))
    if let id {
      let found = try await readable(id, by: principal)
      (devices, since) = ([found.number], found.since)
    } else {
      let reached = try await work.read(DevicesError.self) { try $0.owned(by: principal) }
      devices = reached?.map(\.number)
    }
    let (archive, chosen, limit) = (try archive, devices, page.limit)
    let measured = try await reading {
      try await archive.rejectedReadings(
        chosen, organisation: principal.organisation, PageRequest(cursor: start.measured, limit: limit))
    }
    let urgent = try await work.read(DevicesError.self) { sql in
      let reach = try Estate.reach(of: principal, for: .devicesRead, in: sql)
      return try sql.rejectedParts(
        of: id, organisation: principal.organisation, reach, before: start.urgent, limit: limit + 1)
    }
    let owned = measured.items.filter { $0.receivedAt >= since }
    return Self.joined(owned, hasMore: measured.next != nil, urgent, start, limit: limit)
  }

  /// The newest of both, and where each goes on.
  static func joined(
    _ measured: [RejectedReading], hasMore: Bool, _ urgent: [RejectedReading], _ start: RejectedCursor, limit: Int
  ) -> Page<RejectedReading> {
    var (first, second) = (measured[...], urgent[...])
    var items: [RejectedReading] = []
    var cursor = start
    while items.count < limit {
      let takesFirst =
        switch (first.first, second.first) {
        case (let left?, let right?): left.receivedAt >= right.receivedAt
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): Bool?.none
        }
      guard let takesFirst else { break }
      let item = takesFirst ? first.removeFirst() : second.removeFirst()
      if takesFirst { cursor.measured = String(item.id) } else { cursor.urgent = -item.id }
      items.append(item)
    }
    let isMore = hasMore || !first.isEmpty || !second.isEmpty
    return Page(items: items, next: isMore ? cursor.text : nil)
  }
}

/// Where a list of rejected readings goes on in each of its two sources: `17,5`.
struct RejectedCursor: Hashable {
  var measured: String?
  var urgent: Int64?

  init(_ text: String?) throws(DevicesError) {
    guard let text else { return }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.isEmpty || Int64($0) != nil }) else { throw .cursorInvalid }
    measured = parts[0].isEmpty ? nil : String(parts[0])
    urgent = Int64(parts[1])
  }

  var text: String { "\(measured ?? ""),\(urgent.map { String($0) } ?? "")" }
}

extension SQLConnection {
  func insert(
    _ part: RejectedPart, _ message: UrgentMessage, of device: ID<Device>, organisation: ID<Organisation>
  ) throws {
    try execute(
      """
      INSERT INTO device_rejected (organisation, device, property, reason, given, device_time, received_at)
      VALUES (\(organisation), \(device), \(part.property), \(part.reason), \(part.given), \(message.deviceTime),
        \(message.receivedAt))
      """)
  }

  /// Keeps the newest.
  func trimRejected(of device: ID<Device>, organisation: ID<Organisation>, to limit: Int) throws {
    try execute(
      """
      DELETE FROM device_rejected WHERE organisation = \(organisation) AND device = \(device) AND id <= (
        SELECT id FROM device_rejected WHERE organisation = \(organisation) AND device = \(device)
        ORDER BY id DESC LIMIT 1 OFFSET \(limit))
      """)
  }

  func rejectedParts(
    of device: ID<Device>?, organisation: ID<Organisation>, _ reach: Reach, before id: Int64?, limit: Int
  ) throws -> [RejectedReading] {
    var sql: SQL = """
      SELECT r.id, d.number, r.property, r.reason, r.given, r.device_time, r.received_at
      FROM device_rejected r JOIN device d ON d.id = r.device WHERE r.organisation = \(organisation)
      """
    sql += reach.clause("d.building")
    if let device { sql += " AND r.device = \(device)" }
    if let id { sql += " AND r.id < \(id)" }
    return try rows(sql + " ORDER BY r.id DESC LIMIT \(limit)").map { row in
      RejectedReading(
        id: -(try row.integer("id")), device: DeviceNumber(UInt32(truncatingIfNeeded: try row.integer("number"))),
        property: try row.optionalText("property"), reason: try row.text("reason"), given: try row.text("given"),
        deviceTime: try row.instant("device_time"), receivedAt: try row.instant("received_at"))
    }
  }
}
