import Devices
import Estate
import Kernel
import SQLStore

extension SQLConnection {
  func alarms(
    _ query: AlarmQuery, of organisation: ID<Organisation>, _ reach: Reach, after: AlarmPosition?
  ) throws -> [Alarm] {
    var found: [Alarm] = []
    if query.states != [.closed] {
      let open = Self.feedQuery(query, of: organisation, reach, after: after, closed: false)
      found += try rows(open).map { try Alarm($0) }
    }
    if query.states.contains(.closed) {
      let closed = Self.feedQuery(query, of: organisation, reach, after: after, closed: true)
      found += try rows(closed).map { try Alarm($0) }
    }
    found.sort { AlarmPosition($0) > AlarmPosition($1) }
    return Array(found.prefix(query.page.limit + 1))
  }

  /// One range of one index, read backwards: open alarms and closed ones have one each, so that the years of closed
  /// ones cost the feed nothing.
  static func feedQuery(
    _ query: AlarmQuery, of organisation: ID<Organisation>, _ reach: Reach = .all, after: AlarmPosition?, closed: Bool
  ) -> SQL {
    var sql: SQL = "SELECT * FROM alarm WHERE organisation = \(organisation)"
    sql += closed ? " AND closed_at IS NOT NULL" : " AND closed_at IS NULL"
    sql += reach.clause("building")
    let open = query.states.subtracting([.closed])
    if !closed, !open.isEmpty { sql += " AND state IN \(list: open.map(\.rawValue).sorted())" }
    if !query.levels.isEmpty { sql += " AND rank IN \(list: query.levels.map(\.rank).sorted())" }
    if !query.kinds.isEmpty { sql += " AND device_kind IN \(list: query.kinds.map(\.rawValue).sorted())" }
    if let building = query.building { sql += " AND building = \(building)" }
    if let room = query.room { sql += " AND room = \(room)" }
    if let device = query.device { sql += " AND device = \(device)" }
    if let text = query.text, !text.isEmpty {
      let pattern = Self.pattern(text)
      sql += """
         AND (LOWER(device_name) LIKE \(pattern) ESCAPE '\\' OR LOWER(name_zh) LIKE \(pattern) ESCAPE '\\'
          OR LOWER(name_en) LIKE \(pattern) ESCAPE '\\' OR LOWER(place_name) LIKE \(pattern) ESCAPE '\\')
        """
    }
    if let after { sql += " AND (rank, raised_at, id) < (\(after.rank), \(after.raisedAt), \(after.id))" }
    return sql + " ORDER BY rank DESC, raised_at DESC, id DESC LIMIT \(query.page.limit + 1)"
  }

  func alarmCounts(
    of organisation: ID<Organisation>, _ reach: Reach, building: ID<Building>?
  ) throws -> AlarmCounts {
    var sql: SQL = """
      SELECT rank, COUNT(*) AS open, SUM(CASE WHEN acknowledged_at IS NULL THEN 1 ELSE 0 END) AS waiting
      FROM alarm WHERE organisation = \(organisation) AND closed_at IS NULL
      """
    if let building { sql += " AND building = \(building)" }
    sql += reach.clause("building") + " GROUP BY rank"
    var lines: [Int: (Int, Int)] = [:]
    for row in try rows(sql) { lines[try row.int("rank")] = (try row.int("open"), try row.int("waiting")) }
    let levels = EventLevel.allCases.filter { $0 >= .warning }.sorted(by: >)
    return AlarmCounts(
      lines: levels.map { level in
        AlarmCounts.Line(level: level, open: lines[level.rank]?.0 ?? 0, unacknowledged: lines[level.rank]?.1 ?? 0)
      })
  }

  func roomAlarms(of organisation: ID<Organisation>, building: ID<Building>) throws -> [ID<Room>: RoomAlarms] {
    let found = try rows(
      """
      SELECT room, MAX(rank) AS rank, COUNT(*) AS open,
        SUM(CASE WHEN acknowledged_at IS NULL THEN 1 ELSE 0 END) AS waiting
      FROM alarm WHERE organisation = \(organisation) AND closed_at IS NULL AND building = \(building)
      GROUP BY room
      """)
    var alarms: [ID<Room>: RoomAlarms] = [:]
    for row in found {
      let rank = try row.int("rank")
      guard let worst = EventLevel.allCases.first(where: { $0.rank == rank }) else { throw StoreFailure.broken }
      alarms[try row.id("room")] = RoomAlarms(
        worst: worst, open: try row.int("open"), unacknowledged: try row.int("waiting"))
    }
    return alarms
  }

  /// A LIKE pattern that finds the text anywhere, its own wildcards taken literally.
  private static func pattern(_ text: String) -> String {
    let literal = text.lowercased().flatMap { character in
      character == "%" || character == "_" || character == "\\" ? "\\\(character)" : String(character)
    }
    return "%\(String(literal))%"
  }
}
