import Guomi
import Kernel
import SQLStore

extension SQLConnection {
  // MARK: Stations

  func insert(_ station: FactoryStation) throws {
    try execute(
      """
      INSERT INTO factory_station (organisation, id, name, verifying_key, encryption_key, blocked, registered_at)
      VALUES (\(station.organisation), \(station.id), \(station.name), \(station.verifyingKey),
        \(station.encryptionKey), 0, \(station.registeredAt))
      """)
  }

  func station(_ id: ID<FactoryStation>, of organisation: ID<Organisation>) throws -> FactoryStation {
    let row = try row(
      """
      SELECT * FROM factory_station WHERE organisation = \(organisation) AND id = \(id)
      """)
    guard let row else { throw ProvisioningError.stationUnknown }
    return try FactoryStation(row)
  }

  func block(
    _ id: ID<FactoryStation>, because reason: String, at now: Instant, of organisation: ID<Organisation>
  ) throws {
    try execute(
      """
      UPDATE factory_station SET blocked = 1, blocked_at = \(now), block_reason = \(reason)
      WHERE organisation = \(organisation) AND id = \(id)
      """)
  }

  func unblock(_ id: ID<FactoryStation>, of organisation: ID<Organisation>) throws {
    try execute(
      """
      UPDATE factory_station SET blocked = 0, blocked_at = NULL, block_reason = NULL
      WHERE organisation = \(organisation) AND id = \(id)
      """)
  }

  // MARK: Lots

  func insert(_ lot: ProvisioningLot) throws {
    try execute(
      """
      INSERT INTO provisioning_lot (organisation, id, station, quota, used, valid_from, valid_until, is_file, note)
      VALUES (\(lot.organisation), \(lot.id), \(lot.station), \(lot.quota), 0, \(lot.validFrom), \(lot.validUntil), 0,
        \(lot.note))
      """)
  }

  func lot(_ id: ID<ProvisioningLot>, of organisation: ID<Organisation>) throws -> ProvisioningLot {
    let row = try row("SELECT * FROM provisioning_lot WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw ProvisioningError.lotUnknown }
    return try ProvisioningLot(row)
  }

  func close(_ id: ID<ProvisioningLot>, of organisation: ID<Organisation>, at now: Instant) throws {
    try execute("UPDATE provisioning_lot SET closed_at = \(now) WHERE organisation = \(organisation) AND id = \(id)")
  }

  func markFile(_ id: ID<ProvisioningLot>, of organisation: ID<Organisation>) throws {
    try execute("UPDATE provisioning_lot SET is_file = 1 WHERE organisation = \(organisation) AND id = \(id)")
  }

  /// Takes one device of the quota.
  ///
  /// - Returns: false when it is used up, whoever took the last one.
  func count(in id: ID<ProvisioningLot>, of organisation: ID<Organisation>) throws -> Bool {
    try execute(
      """
      UPDATE provisioning_lot SET used = used + 1
      WHERE organisation = \(organisation) AND id = \(id) AND used < quota AND closed_at IS NULL AND is_file = 0
      """) == 1
  }

  // MARK: Keys

  func insert(_ record: DeviceKeyRecord, request: [UInt8]) throws {
    try execute(
      """
      INSERT INTO device_key (organisation, id, device, element, lot, request, random, verifying_key, state,
        provisioned_at)
      VALUES (\(record.organisation), \(record.id), \(record.device), \(record.element.map(\.hexadecimal)),
        \(record.lot), \(SM3.hash(request).bytes), \(record.random), \(record.verifyingKey), \(record.state.rawValue),
        \(record.provisionedAt))
      """)
  }

  /// An element's id is any bytes; the table has it as hexadecimal digits, as people write it.
  fileprivate static func bytes(_ hex: String) throws -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    guard digits.count == hex.count, digits.count % 2 == 0 else {
      throw SQLError.column(name: "element", message: "is no id of an element")
    }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  func keyedDevices() throws -> Set<String> {
    let rows = try rows(
      "SELECT DISTINCT device FROM device_key WHERE state IN ('issued', 'confirmed', 'compromised')")
    return Set(try rows.map { try $0.text("device") })
  }

  /// The one key that a device has or is getting, whosever it is.
  func currentKey(of device: String) throws -> DeviceKeyRecord? {
    try row(
      """
      SELECT * FROM device_key WHERE device = \(device) AND state IN ('pending', 'issued', 'confirmed')
      """
    ).map { try DeviceKeyRecord($0) }
  }

  /// Whether a key was made for this very request.
  func isSame(_ id: ID<DeviceKeyRecord>, request: [UInt8], of organisation: ID<Organisation>) throws -> Bool {
    let row = try row("SELECT request FROM device_key WHERE organisation = \(organisation) AND id = \(id)")
    return try row?.blob("request") == SM3.hash(request).bytes
  }

  func issue(
    _ id: ID<DeviceKeyRecord>, _ rootVersion: UInt32, _ checkValue: [UInt8], of organisation: ID<Organisation>
  ) throws {
    let issued = try execute(
      """
      UPDATE device_key SET root_version = \(Int64(rootVersion)), check_value = \(checkValue),
        state = CASE state WHEN 'pending' THEN 'issued' ELSE state END
      WHERE organisation = \(organisation) AND id = \(id) AND state IN ('pending', 'issued', 'confirmed')
      """)
    // Withdrawn while the key service was asked.
    guard issued == 1 else { throw ProvisioningError.keyUnknown }
  }

  func confirm(_ record: DeviceKeyRecord) throws {
    try execute(
      """
      UPDATE device_key SET state = 'confirmed' WHERE organisation = \(record.organisation) AND id = \(record.id)
      """)
  }

  func withdraw(
    _ record: DeviceKeyRecord, as state: DeviceKeyRecord.State, because reason: String, at now: Instant
  ) throws {
    try execute(
      """
      UPDATE device_key SET state = \(state.rawValue), withdrawn_at = \(now), withdraw_reason = \(reason)
      WHERE organisation = \(record.organisation) AND id = \(record.id)
      """)
  }
}

extension FactoryStation {
  init(_ row: SQLRow) throws {
    var block: Block?
    if try row.integer("blocked") == 1 {
      block = Block(at: try row.optionalInstant("blocked_at"), reason: try row.optionalText("block_reason"))
    }
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), name: try row.text("name"),
      verifyingKey: try row.blob("verifying_key"), encryptionKey: try row.blob("encryption_key"),
      registeredAt: try row.instant("registered_at"), block: block)
  }
}

extension ProvisioningLot {
  init(_ row: SQLRow) throws {
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), station: try row.id("station"),
      quota: Int(try row.integer("quota")), used: Int(try row.integer("used")),
      validFrom: try row.instant("valid_from"), validUntil: try row.instant("valid_until"),
      closedAt: try row.optionalInstant("closed_at"), isFile: try row.integer("is_file") == 1,
      note: try row.text("note"))
  }
}

extension DeviceKeyRecord {
  init(_ row: SQLRow) throws {
    guard let state = State(rawValue: try row.text("state")) else {
      throw SQLError.column(name: "state", message: "is no state of a key")
    }
    var withdrawal: Withdrawal?
    if let at = try row.optionalInstant("withdrawn_at") {
      withdrawal = Withdrawal(at: at, reason: try row.optionalText("withdraw_reason") ?? "")
    }
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), device: try row.text("device"),
      element: try row.optionalText("element").map(SQLConnection.bytes), lot: try row.id("lot"),
      random: try row.blob("random"),
      rootVersion: try row.optionalInteger("root_version").map { UInt32(truncatingIfNeeded: $0) },
      checkValue: try row.optionalBlob("check_value"), verifyingKey: try row.blob("verifying_key"), state: state,
      provisionedAt: try row.instant("provisioned_at"), withdrawal: withdrawal)
  }
}
