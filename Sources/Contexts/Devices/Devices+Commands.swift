import Audit
import Estate
package import Kernel
import SQLStore

extension Devices {
  /// Commands that may be open for one device at once.
  package static let openCommandsMax = 64

  /// Commands, newest first; needs `devices.read`.
  package func commands(_ query: CommandQuery, by principal: Principal) async throws(DevicesError) -> Page<Command> {
    try principal.may(.devicesRead)
    var before: ID<Command>?
    if let cursor = query.page.cursor {
      guard let id = ID<Command>(cursor) else { throw .cursorInvalid }
      before = id
    }
    let position = before
    return try await work.read(DevicesError.self) { sql in
      let reach = try Estate.reach(of: principal, for: .devicesRead, in: sql)
      let found = try sql.commands(query, before: position, of: principal.organisation, reach)
      let items = Array(found.prefix(query.page.limit))
      return Page(items: items, next: found.count > query.page.limit ? items.last?.id.description : nil)
    }
  }

  /// One command; needs `devices.read`.
  package func command(_ id: ID<Command>, by principal: Principal) async throws(DevicesError) -> Command {
    try principal.may(.devicesRead)
    return try await work.read(DevicesError.self) { sql in
      let command = try sql.command(id, of: principal.organisation)
      // The past of a device that was given away stays with who may read all of the organisation.
      guard try Estate.reach(of: principal, for: .devicesRead, in: sql) == .all
        || !sql.owned([command.device], by: principal).isEmpty
      else { throw DevicesError.commandUnknown }
      return command
    }
  }

  /// Orders a device to do something: a record that waits for the device until its deadline; needs `devices.command`.
  ///
  /// - Returns: the command; with an idempotency key that was used for the same before, the one from before.
  /// - Throws: `.serviceUnknown`, `.argumentInvalid`, `.deadlineInvalid`, `.idempotencyKeyReused`,
  ///   `.tooManyCommands`, `.decommissioned`.
  package func issue(_ new: NewCommand, by principal: Principal) async throws(DevicesError) -> Command {
    try principal.may(.devicesCommand)
    let catalogue = catalogue
    if let key = new.idempotencyKey, !(1...128).contains(key.utf8.count) {
      throw .fieldInvalid(field: "idempotencyKey", problem: "must have 1 to 128 bytes")
    }
    let (command, number) = try await work.run(DevicesError.self) { unit in
      let device = try unit.sql.device(new.device, for: .devicesCommand, principal).device
      guard device.status != .decommissioned else { throw DevicesError.decommissioned }
      let model = catalogue.model(device.model, version: device.modelVersion, organisation: device.organisation)
      guard let service = model?.model.service(new.service) else {
        throw DevicesError.serviceUnknown(String(new.service.prefix(64)))
      }
      let arguments = try service.check(arguments: new.arguments)
      if let there = try unit.sameCommand(new, arguments, organisation: principal.organisation) {
        return (there, device.number)
      }
      let command = try unit.issue(new, service, arguments, to: device, by: principal)
      return (command, device.number)
    }
    links.ring(.commands, number)
    return command
  }
}

extension Unit {
  /// The command that was issued with the same key before.
  ///
  /// - Throws: `.idempotencyKeyReused` when it was another one.
  fileprivate func sameCommand(
    _ new: NewCommand, _ arguments: [String: PropertyValue], organisation: ID<Organisation>
  ) throws -> Command? {
    guard let key = new.idempotencyKey else { return nil }
    guard let there = try sql.command(idempotencyKey: key, of: organisation) else { return nil }
    guard there.device == new.device, there.service == new.service, there.arguments == arguments else {
      throw DevicesError.idempotencyKeyReused
    }
    return there
  }

  fileprivate func issue(
    _ new: NewCommand, _ service: ThingModel.Service, _ arguments: [String: PropertyValue], to device: Device,
    by principal: Principal
  ) throws -> Command {
    let seconds = new.deadlineSeconds ?? service.deadlineSecondsDefault
    guard (1...604_800).contains(seconds) else { throw DevicesError.deadlineInvalid }
    let open = try sql.openCommands(of: device.id, organisation: device.organisation).count
    guard open < Devices.openCommandsMax else {
      throw DevicesError.tooManyCommands(limit: Devices.openCommandsMax)
    }
    let command = Command(
      id: newID(), device: device.id, service: service.key, arguments: arguments, dangerous: service.dangerous,
      idempotencyKey: new.idempotencyKey, issuedBy: principal.name, issuedAt: now,
      deadline: now.advanced(by: .seconds(seconds)), state: .queued, attempts: 0, result: [:], version: 1)
    try sql.insert(command, organisation: device.organisation)
    try record(CommandChanged(command), organisation: device.organisation)
    try audit(
      .act, "device", device.id, by: principal, .plain("act", service.key),
      .plain("command", command.id.description))
    return command
  }
}

extension ThingModel.Service {
  /// The arguments as the model holds them.
  ///
  /// - Throws: `.argumentInvalid` for one that is missing, unknown, of the wrong type or out of range.
  func check(arguments given: [String: PropertyValue]) throws(DevicesError) -> [String: PropertyValue] {
    var checked: [String: PropertyValue] = [:]
    for field in arguments {
      guard let value = given[field.key] else {
        if field.optional { continue }
        throw .argumentInvalid(name: field.key, problem: "is missing")
      }
      guard let normalized = field.type.normalized(value) else {
        throw .argumentInvalid(name: field.key, problem: field.type.problem(with: value) ?? "is wrong")
      }
      checked[field.key] = normalized
    }
    for name in given.keys where !arguments.contains(where: { $0.key == name }) {
      throw .argumentInvalid(name: String(name.prefix(64)), problem: "is not an argument of \(key)")
    }
    return checked
  }
}
