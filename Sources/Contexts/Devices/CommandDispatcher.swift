import Kernel
import Logging
import ServiceLifecycle
import WireFormats

/// Brings commands to devices: when they are issued, when the device connects, and again after a reconnect; looks for
/// the effect of those that are done, and ends those whose time is up. Timers are rows, so that they survive a restart.
package struct CommandDispatcher: Service {
  /// How often deadlines and read-backs are looked at.
  static let turn: Duration = .milliseconds(250)
  /// Every so many turns all commands that wait are looked at: for what was issued in another process.
  static let sweepTurns = 20
  /// Commands a page of a sweep.
  static let pageMax = 500

  private let devices: Devices

  package init(devices: Devices) {
    self.devices = devices
  }

  package func run() async throws {
    let rung = devices.links.listen(.commands)
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask {
          for await device in rung {
            await attempt { if let device { try await dispatch(device) } else { try await sweep() } }
          }
        }
        group.addTask {
          var turns = 0
          while !Task.isCancelled {
            await attempt {
              try await endOverdue()
              try await verifyDone()
              if turns.isMultiple(of: Self.sweepTurns) { try await sweep() }
            }
            turns += 1
            try? await devices.work.time.sleep(for: Self.turn)
          }
        }
      }
    }
  }

  /// Runs a step; what goes wrong is logged and done again at the next turn.
  private func attempt(_ step: () async throws -> Void) async {
    do { try await step() } catch {
      if Task.isCancelled { return }
      devices.work.logger.warning("commands wait for the store", metadata: ["error": "\(error)"])
    }
  }

  /// Sends what waits for one device, if it is connected here.
  package func dispatch(_ number: DeviceNumber) async throws(DevicesError) {
    guard let sessions = devices.links.sessions, let entry = devices.directory[number],
      let since = sessions.connectedSince(number)
    else { return }
    let sent = try await devices.work.run(DevicesError.self) { unit in
      var sent: [Command] = []
      for var command in try unit.sql.openCommands(of: entry.id, organisation: entry.organisation) {
        if command.runOut(at: unit.now) {
          try unit.save(command, organisation: entry.organisation)
        } else if command.waits(since: since), unit.now < command.deadline {
          command.send(at: unit.now)
          try unit.save(command, organisation: entry.organisation)
          sent.append(command)
        }
      }
      return sent
    }
    // Handed over after the commit: what the device may do is on record before it can do it.
    for command in sent where !sessions.deliver(command.message(of: entry.model.model), to: number) {
      try await takeBack(command, entry.organisation)
    }
  }

  private func takeBack(_ command: Command, _ organisation: ID<Organisation>) async throws(DevicesError) {
    try await devices.work.run(DevicesError.self) { unit in
      var command = try unit.sql.command(command.id, of: organisation)
      guard command.state == .sent else { return }
      command.sendFailed()
      try unit.save(command, organisation: organisation)
    }
  }

  /// Looks at all commands that wait, page by page.
  package func sweep() async throws(DevicesError) {
    guard let sessions = devices.links.sessions else { return }
    var last: ID<Command>?
    while true {
      let after = last
      let page = try await devices.work.read(DevicesError.self) { sql in
        try sql.openCommands(in: .queued, after: after, limit: Self.pageMax)
      }
      var numbers: Set<DeviceNumber> = []
      for (_, command) in page {
        if let number = devices.directory[command.device]?.number, sessions.connectedSince(number) != nil {
          numbers.insert(number)
        }
      }
      for number in numbers.sorted() { try await dispatch(number) }
      guard page.count == Self.pageMax, let end = page.last else { return }
      last = end.1.id
    }
  }

  /// Ends the commands whose time is up.
  package func endOverdue() async throws(DevicesError) {
    let now = devices.work.time.now()
    let due = try await devices.work.read(DevicesError.self) { sql in
      !(try sql.dueCommands(at: now, limit: 1).isEmpty)
    }
    guard due else { return }
    try await verifyDone()
    try await devices.work.run(DevicesError.self) { unit in
      for (organisation, due) in try unit.sql.dueCommands(at: unit.now, limit: Self.pageMax) {
        var command = due
        if command.runOut(at: unit.now) { try unit.save(command, organisation: organisation) }
      }
    }
  }

  /// Looks for the effect of commands that are done.
  package func verifyDone() async throws(DevicesError) {
    let waiting = try await devices.work.read(DevicesError.self) { sql in
      try sql.openCommands(in: .done, after: nil, limit: Self.pageMax)
    }
    guard let archive = devices.links.archive else { return }
    for (organisation, command) in waiting {
      guard let entry = devices.directory[command.device], let sentAt = command.sentAt,
        let readBack = entry.model.model.service(command.service)?.readBack,
        let expected = command.expected(readBack),
        let latest = try? await archive.latest(entry.number)
      else { continue }
      let shown = latest.contains {
        $0.property == readBack.property && $0.receivedAt >= sentAt && $0.value == expected
      }
      guard shown else { continue }
      try await devices.work.run(DevicesError.self) { unit in
        var command = try unit.sql.command(command.id, of: organisation)
        guard command.state == .done, !command.ended else { return }
        command.verifyLater(at: unit.now)
        try unit.save(command, organisation: organisation)
      }
    }
  }
}

extension Command {
  /// Whether it should go to a connection that began at `since`: it never went, or it went to an earlier one.
  fileprivate func waits(since: Instant) -> Bool {
    switch state {
    case .queued: true
    case .sent: sentAt.map { $0 < since } ?? true
    default: false
    }
  }

  /// As the device reads it (docs/device-protocol.md).
  package func message(of model: ThingModel) -> DownMessage {
    var writer = JSONWriter()
    writer.beginMap()
    writer.key("id")
    writer.text(id.description)
    writer.key("service")
    writer.text(service)
    writer.key("arguments")
    writer.beginMap()
    for (name, value) in arguments.sorted(by: { $0.key < $1.key }) {
      writer.key(name)
      writer.value(value.wire)
    }
    writer.endMap()
    writer.key("issued")
    writer.integer(issuedAt.milliseconds)
    writer.key("deadline")
    writer.integer(deadline.milliseconds)
    writer.endMap()
    let isSensitive = dangerous || model.service(service)?.isSensitive == true
    return DownMessage(channel: .command, payload: writer.bytes, isSensitive: isSensitive)
  }
}
