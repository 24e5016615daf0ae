import Kernel
import SQLStore

extension SQLConnection {
  /// Newest first, one more than the page holds.
  func stations(
    _ query: StationQuery, of organisation: ID<Organisation>, before id: ID<FactoryStation>?, at now: Instant
  ) throws -> [StationSummary] {
    var sql: SQL = """
      SELECT s.*, (SELECT count(*) FROM provisioning_lot l
          WHERE l.organisation = s.organisation AND l.station = s.id) AS lots,
        (SELECT count(*) FROM provisioning_lot l
          WHERE l.organisation = s.organisation AND l.station = s.id\(Self.clause(.open, at: now))) AS open_lots,
        (SELECT CAST(COALESCE(sum(l.used), 0) AS BIGINT) FROM provisioning_lot l
          WHERE l.organisation = s.organisation AND l.station = s.id) AS devices
      FROM factory_station s WHERE s.organisation = \(organisation)
      """
    if let id { sql += " AND s.id < \(id)" }
    if let isBlocked = query.isBlocked { sql += " AND s.blocked = \(isBlocked ? 1 : 0)" }
    if let text = query.text, !text.isEmpty { sql += " AND LOWER(s.name) LIKE \(Self.pattern(text)) ESCAPE '\\'" }
    return try rows(sql + " ORDER BY s.id DESC LIMIT \(query.page.limit + 1)").map { row in
      StationSummary(
        station: try FactoryStation(row), lots: Int(try row.integer("lots")),
        openLots: Int(try row.integer("open_lots")), devices: Int(try row.integer("devices")))
    }
  }

  /// Newest first, one more than the page holds.
  func lots(
    _ query: LotQuery, of organisation: ID<Organisation>, before id: ID<ProvisioningLot>?, at now: Instant
  ) throws -> [LotSummary] {
    var sql: SQL = """
      SELECT l.* FROM provisioning_lot l JOIN factory_station s ON s.organisation = l.organisation AND s.id = l.station
      WHERE l.organisation = \(organisation)
      """
    if let id { sql += " AND l.id < \(id)" }
    if let station = query.station { sql += " AND l.station = \(station)" }
    if let state = query.state { sql += Self.clause(state, at: now) }
    if let text = query.text, !text.isEmpty {
      let pattern = Self.pattern(text)
      sql += " AND (LOWER(l.note) LIKE \(pattern) ESCAPE '\\' OR LOWER(s.name) LIKE \(pattern) ESCAPE '\\'"
      // People copy a lot's id; part of one is not searched for.
      if let whole = ID<ProvisioningLot>(text) { sql += " OR l.id = \(whole)" }
      sql += ")"
    }
    return try rows(sql + " ORDER BY l.id DESC LIMIT \(query.page.limit + 1)").map { row in
      try summary(of: try ProvisioningLot(row))
    }
  }

  func summary(of lot: ProvisioningLot) throws -> LotSummary {
    LotSummary(
      lot: lot, station: try station(lot.station, of: lot.organisation),
      fileMadeAt: lot.isFile ? try fileMadeAt(lot.id, organisation: lot.organisation) : nil)
  }

  /// As `ProvisioningLot.state`.
  private static func clause(_ state: ProvisioningLot.State, at now: Instant) -> SQL {
    switch state {
    case .closed: " AND l.closed_at IS NOT NULL"
    case .file: " AND l.closed_at IS NULL AND l.is_file = 1"
    case .over: " AND l.closed_at IS NULL AND l.is_file = 0 AND l.valid_until <= \(now)"
    case .full: " AND l.closed_at IS NULL AND l.is_file = 0 AND l.valid_until > \(now) AND l.used >= l.quota"
    case .coming:
      " AND l.closed_at IS NULL AND l.is_file = 0 AND l.used < l.quota AND l.valid_from > \(now)"
    case .open:
      """
       AND l.closed_at IS NULL AND l.is_file = 0 AND l.used < l.quota AND l.valid_from <= \(now)
        AND l.valid_until > \(now)
      """
    }
  }

  /// Newest first, one more than the page holds.
  func keys(
    _ query: KeyQuery, of organisation: ID<Organisation>, before id: ID<DeviceKeyRecord>?
  ) throws -> [KeySummary] {
    var sql: SQL = "\(Self.keySummaries) WHERE k.organisation = \(organisation)"
    if let id { sql += " AND k.id < \(id)" }
    if let device = query.device { sql += " AND k.device = \(device)" }
    if let lot = query.lot { sql += " AND k.lot = \(lot)" }
    if let state = query.state { sql += " AND k.state = \(state.rawValue)" }
    if let hasElement = query.hasElement { sql += hasElement ? " AND k.element IS NOT NULL" : " AND k.element IS NULL" }
    if let text = query.text, !text.isEmpty {
      let pattern = Self.pattern(text)
      sql += " AND (LOWER(k.device) LIKE \(pattern) ESCAPE '\\' OR k.element LIKE \(pattern) ESCAPE '\\')"
    }
    return try rows(sql + " ORDER BY k.id DESC LIMIT \(query.page.limit + 1)").map { try KeySummary($0) }
  }

  private static let keySummaries: SQL = """
    SELECT k.*, l.note, l.station, s.name AS station_name FROM device_key k
    JOIN provisioning_lot l ON l.organisation = k.organisation AND l.id = k.lot
    JOIN factory_station s ON s.organisation = l.organisation AND s.id = l.station
    """

  /// The newest key of a device of the organisation, used or withdrawn.
  func newestKey(of device: String, organisation: ID<Organisation>) throws -> KeySummary? {
    try keys(KeyQuery(device: device, page: PageRequest(limit: 1)), of: organisation, before: nil).first
  }

  /// A LIKE pattern that finds the text anywhere, its own wildcards taken literally.
  private static func pattern(_ text: String) -> String {
    let literal = text.lowercased().flatMap { character in
      character == "%" || character == "_" || character == "\\" ? "\\\(character)" : String(character)
    }
    return "%\(String(literal))%"
  }
}

extension KeySummary {
  init(_ row: SQLRow) throws {
    self.init(
      key: try DeviceKeyRecord(row), station: try row.id("station"), stationName: try row.text("station_name"),
      lotNote: try row.text("note"))
  }
}
