import Estate
import Kernel
import SQLStore

extension SQLConnection {
  static let commandColumns: SQL = """
    organisation, id, device, service, arguments, dangerous, idempotency_key, issued_by, issued_at, deadline, state, \
    attempts, sent_at, received_at, done_at, ended_at, verify_by, result, failure_code, failure_message, version
    """

  func insert(_ command: Command, organisation: ID<Organisation>) throws {
    try execute(
      """
      INSERT INTO device_command (organisation, id, device, service, arguments, dangerous, idempotency_key, issued_by,
        issued_at, deadline, state, attempts, result, due_at, version)
      VALUES (\(organisation), \(command.id), \(command.device), \(command.service),
        \(try JSONText.encode(command.arguments)), \(command.dangerous), \(command.idempotencyKey),
        \(command.issuedBy), \(command.issuedAt), \(command.deadline), \(command.state.rawValue),
        \(command.attempts), '{}', \(command.dueAt), \(command.version))
      """)
  }

  /// Writes a changed command and tells the journal's readers by its version.
  func update(_ command: Command, organisation: ID<Organisation>) throws {
    try execute(
      """
      UPDATE device_command SET state = \(command.state.rawValue), attempts = \(command.attempts),
        sent_at = \(command.sentAt), received_at = \(command.receivedAt), done_at = \(command.doneAt),
        ended_at = \(command.endedAt), verify_by = \(command.verifyBy),
        result = \(try JSONText.encode(command.result)), failure_code = \(command.failure?.code),
        failure_message = \(command.failure?.message), due_at = \(command.dueAt), version = \(command.version)
      WHERE organisation = \(organisation) AND id = \(command.id)
      """)
  }

  /// - Throws: `DevicesError.commandUnknown`.
  func command(_ id: ID<Command>, of organisation: ID<Organisation>) throws -> Command {
    let row = try row(
      "SELECT \(Self.commandColumns) FROM device_command WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw DevicesError.commandUnknown }
    return try Command(row)
  }

  func command(idempotencyKey: String, of organisation: ID<Organisation>) throws -> Command? {
    try row(
      """
      SELECT \(Self.commandColumns) FROM device_command
      WHERE organisation = \(organisation) AND idempotency_key = \(idempotencyKey)
      """
    ).map { try Command($0) }
  }

  /// Newest first, one more than the page holds when there are more.
  func commands(
    _ query: CommandQuery, before: ID<Command>?, of organisation: ID<Organisation>, _ reach: Reach
  ) throws -> [Command] {
    var sql: SQL = "SELECT \(Self.commandColumns) FROM device_command WHERE organisation = \(organisation)"
    if let device = query.device { sql += " AND device = \(device)" }
    if reach != .all {
      sql += " AND device IN (SELECT d.id FROM device d WHERE d.organisation = \(organisation)"
      sql += reach.clause("d.building") + ")"
    }
    if !query.states.isEmpty { sql += " AND state IN \(list: query.states.map(\.rawValue).sorted())" }
    if let before { sql += " AND id < \(before)" }
    return try rows(sql + " ORDER BY id DESC LIMIT \(query.page.limit + 1)").map { try Command($0) }
  }

  /// A device's commands that have not ended, oldest first.
  func openCommands(of device: ID<Device>, organisation: ID<Organisation>) throws -> [Command] {
    try rows(
      """
      SELECT \(Self.commandColumns) FROM device_command
      WHERE organisation = \(organisation) AND device = \(device) AND ended_at IS NULL ORDER BY id
      """
    ).map { try Command($0) }
  }

  /// Commands of the whole platform whose time is up, the longest overdue first.
  func dueCommands(at now: Instant, limit: Int) throws -> [(ID<Organisation>, Command)] {
    try rows(
      """
      SELECT \(Self.commandColumns) FROM device_command
      WHERE ended_at IS NULL AND due_at <= \(now) ORDER BY due_at, id LIMIT \(limit)
      """
    ).map { (try $0.id("organisation"), try Command($0)) }
  }

  /// Commands of the whole platform in a state and not ended, by id.
  func openCommands(
    in state: Command.State, after id: ID<Command>?, limit: Int
  ) throws -> [(ID<Organisation>, Command)] {
    var sql: SQL = """
      SELECT \(Self.commandColumns) FROM device_command WHERE ended_at IS NULL AND state = \(state.rawValue)
      """
    if let id { sql += " AND id > \(id)" }
    return try rows(sql + " ORDER BY id LIMIT \(limit)").map { (try $0.id("organisation"), try Command($0)) }
  }
}

extension Unit {
  /// Writes a changed command and its journal entry.
  func save(_ command: Command, organisation: ID<Organisation>) throws {
    try sql.update(command, organisation: organisation)
    try record(CommandChanged(command), organisation: organisation)
  }

  /// Gives up whatever is still open for a device.
  func failOpenCommands(of device: Device, code: String, _ message: String) throws {
    for var command in try sql.openCommands(of: device.id, organisation: device.organisation) {
      command.fail(code: code, message, at: now)
      try save(command, organisation: device.organisation)
    }
  }
}

extension Command {
  fileprivate init(_ row: SQLRow) throws {
    guard let state = State(rawValue: try row.text("state")) else { throw StoreFailure.broken }
    let failure = try row.optionalText("failure_code").map { code in
      Failure(code: code, message: try row.optionalText("failure_message") ?? "")
    }
    self.init(
      id: try row.id("id"), device: try row.id("device"), service: try row.text("service"),
      arguments: try JSONText.decode(row.text("arguments")), dangerous: try row.bool("dangerous"),
      idempotencyKey: try row.optionalText("idempotency_key"), issuedBy: try row.text("issued_by"),
      issuedAt: try row.instant("issued_at"), deadline: try row.instant("deadline"), state: state,
      attempts: try row.int("attempts"), sentAt: try row.optionalInstant("sent_at"),
      receivedAt: try row.optionalInstant("received_at"), doneAt: try row.optionalInstant("done_at"),
      endedAt: try row.optionalInstant("ended_at"), verifyBy: try row.optionalInstant("verify_by"),
      result: try JSONText.decode(row.text("result")), failure: failure, version: try row.integer("version"))
  }
}
