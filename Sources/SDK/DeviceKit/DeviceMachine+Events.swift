extension DeviceMachine {
  /// The device has started.
  public mutating func powerOn(_ moment: DeviceMoment) {
    let unfinished = interrupted
    interrupted = []
    for id in unfinished {
      finish(id, .failed(code: "interrupted", message: "the power went while it was being done"), moment)
    }
    withDesk(moment) { program, desk in program.powerOn(&desk) }
  }

  /// A commit is durable: commands that waited for it are done now.
  public mutating func durable(_ serial: Int, _ moment: DeviceMoment) {
    durableSerial = max(durableSerial, serial)
    while let next = waitingCommands.first, next.serial <= durableSerial {
      waitingCommands.removeFirst()
      perform(next.command, moment)
    }
  }

  /// Time has passed.
  public mutating func tick(_ moment: DeviceMoment) {
    guard let wake = program.wakeAtUptimeMilliseconds, wake <= moment.uptimeMilliseconds else { return }
    withDesk(moment) { program, desk in program.wake(&desk) }
  }

  /// The payload of a clock request, when one is due.
  public mutating func takeTimeRequest(_ moment: DeviceMoment) -> [UInt8]? {
    guard isOnline, clock.isDue(moment) else { return nil }
    return Array("{\"t0\":\(clock.ask(moment))}".utf8)
  }

  /// The connection stands: hello comes first.
  public mutating func linkUp(_ moment: DeviceMoment) {
    isOnline = true
    clock.connected(moment)
    sayHello(moment)
    if !hasReportedTwin { reportTwin(moment) }
    withDesk(moment) { program, desk in program.connectionChanged(&desk) }
  }

  /// The connection is gone.
  public mutating func linkDown(_ moment: DeviceMoment) {
    guard isOnline else { return }
    isOnline = false
    outbox.connectionLost()
    withDesk(moment) { program, desk in program.connectionChanged(&desk) }
  }

  /// The platform has a message, or will never take it.
  public mutating func acknowledged(_ number: MessageNumber) {
    outbox.acknowledge(number, changes: &changes)
  }

  /// The platform says something. What can not be read is dropped: there is nobody to tell.
  ///
  /// - Parameter isProtected: it came sealed with the session's keys.
  public mutating func receive(
    _ channel: DownChannel, _ payload: [UInt8], _ moment: DeviceMoment, isProtected: Bool = false
  ) {
    switch DownMessage(channel, payload) {
    case .command(let command): receive(command, isProtected: isProtected, moment)
    case .desired(let version, let settings): desire(version, settings, moment)
    case .resend(let ranges): resend(ranges, moment)
    case .time(let t0, let t1, let t2):
      guard let correction = clock.answer(t0: t0, t1: t1, t2: t2, moment) else { return }
      withDesk(moment) { program, desk in program.clockCorrected(byMilliseconds: correction, &desk) }
    case nil: return
    }
  }

  /// A sub-device takes its gateway's time.
  public mutating func follow(_ gateway: DeviceClock, _ moment: DeviceMoment) {
    guard let correction = clock.follow(gateway, moment) else { return }
    withDesk(moment) { program, desk in program.clockCorrected(byMilliseconds: correction, &desk) }
  }

  /// Lets the vendor's code act on the program outside an event: a key was pressed, a sensor read.
  ///
  /// - Returns: nil when the program is of another type.
  public mutating func operate<Program: DeviceProgram, Result>(
    _ moment: DeviceMoment, as _: Program.Type, _ body: (inout Program, inout DeviceDesk) -> Result
  ) -> Result? {
    guard program is Program else { return nil }
    return withDesk(moment) { program, desk in
      guard var own = program as? Program else { return nil }
      defer { program = own }
      return body(&own, &desk)
    }
  }

  /// The same for a program whose type the caller does not know.
  package mutating func operateAny<Result>(
    _ moment: DeviceMoment, _ body: (inout any DeviceProgram, inout DeviceDesk) -> Result
  ) -> Result {
    withDesk(moment, body)
  }
}

extension DeviceMachine {
  private mutating func receive(_ command: Command, isProtected: Bool, _ moment: DeviceMoment) {
    let decision = commands.receive(
      command, rule: program.services[command.service], time: clock.isSet ? clock.now(moment) : nil,
      lacksProtection: hasKeys && !isProtected, changes: &changes)
    if isProtected { protectedCommands.insert(command.id) }
    defer { if case .answer = decision { protectedCommands.remove(command.id) } }
    switch decision {
    case .perform:
      reply(command.id, PayloadWriter.received(command.id), moment)
      waitingCommands.append((serial + 1, command)) // its taking is in the commit that comes next
    case .answer(let members): reply(command.id, members, moment)
    case .underWay: reply(command.id, PayloadWriter.received(command.id), moment)
    }
  }

  /// The taking is durable; the deadline is looked at again, since the disk may have been slow.
  private mutating func perform(_ command: Command, _ moment: DeviceMoment) {
    if clock.isSet, clock.now(moment) > command.deadline {
      return finish(command.id, .refused(code: "late", message: "the deadline has passed"), moment)
    }
    let outcome = withDesk(moment) { program, desk in program.perform(command, &desk) }
    if let outcome { finish(command.id, outcome, moment) }
  }

  private mutating func finish(_ id: String, _ outcome: CommandOutcome, _ moment: DeviceMoment) {
    reply(id, commands.finish(id, outcome, changes: &changes), moment)
    protectedCommands.remove(id)
  }

  private mutating func reply(_ id: String, _ members: [UInt8], _ moment: DeviceMoment) {
    let channel: UpChannel = protectedCommands.contains(id) ? .protected : .reply
    append(channel, .answer, time: clock.now(moment)) { $0.put(members: members) }
  }

  private mutating func desire(_ version: Int64, _ settings: [String: DeviceValue], _ moment: DeviceMoment) {
    if version >= twinVersion {
      twinVersion = version
      changes.append(.put(key: Self.twinKey, value: Array(String(version).utf8)))
      withDesk(moment) { program, desk in program.desire(settings, &desk) }
    }
    reportTwin(moment)
  }

  private mutating func reportTwin(_ moment: DeviceMoment) {
    hasReportedTwin = true
    let (settings, version) = (program.settings, twinVersion)
    append(.reported, .answer, time: clock.now(moment)) {
      $0.put("version", version)
      $0.put("reported", settings)
    }
  }

  /// What is held waits to be sent anyway; for what is not, another hello says so, at most one a minute.
  private mutating func resend(_ ranges: [MessageRange], _ moment: DeviceMoment) {
    let kept = outbox.kept()
    let isAllHeld = ranges.allSatisfy { range in
      kept.contains { $0.boot == range.boot && $0.from <= range.from && $0.to >= range.to }
    }
    guard !isAllHeld, moment.uptimeMilliseconds >= helloAgainAtUptimeMilliseconds else { return }
    sayHello(moment)
  }

  private mutating func sayHello(_ moment: DeviceMoment) {
    helloAgainAtUptimeMilliseconds = moment.uptimeMilliseconds + 60_000
    let (identity, time) = (identity, clock.now(moment))
    outbox.sayHello(changes: &changes) { number, kept, dropped in
      var writer = PayloadWriter(capacity: 256)
      writer.put("boot", number.boot)
      writer.put("seq", number.sequence)
      writer.put("ts", time)
      writer.put("model", identity.model)
      writer.put("modelVersion", Int64(identity.modelVersion))
      writer.put("firmware", identity.firmware)
      writer.put("kept", kept)
      if !dropped.isEmpty { writer.put("dropped", dropped) }
      return writer.finish()
    }
  }

  /// Runs the program on a desk, then puts what it said into the outbox.
  @discardableResult
  private mutating func withDesk<Result>(
    _ moment: DeviceMoment, _ body: (inout any DeviceProgram, inout DeviceDesk) -> Result
  ) -> Result {
    var desk = DeviceDesk(
      identity: identity, moment: moment, time: clock.now(moment), isClockSet: clock.isSet, isOnline: isOnline,
      messagesWaiting: outbox.count, random: random, memory: memory)
    memory = [:]
    let result = body(&program, &desk)
    memory = desk.memory
    random = desk.random
    changes += desk.changes
    for outgoing in desk.outgoing { post(outgoing, moment) }
    return result
  }

  private mutating func post(_ outgoing: DeviceDesk.Outgoing, _ moment: DeviceMoment) {
    switch outgoing {
    case .values(let values, let time):
      append(.telemetry, .reading, time: time) { $0.put("values", values) }
    case .points(let points):
      append(.telemetry, .reading, time: nil) { $0.put("points", points) }
    case .event(let event, let level, let values, let time):
      append(.event, level == .info || level == .warning ? .notice : .alarm, time: time) {
        $0.put("event", event)
        $0.put("values", values)
      }
    case .outcome(let id, let outcome): finish(id, outcome, moment)
    }
  }

  /// Too large a message can not come from here: points are split, texts are the program's; it is left out then.
  private mutating func append(
    _ channel: UpChannel, _ worth: MessageWorth, time: Int64?, _ body: (inout PayloadWriter) -> Void
  ) {
    _ = outbox.append(channel, worth: worth, changes: &changes) { number in
      var writer = PayloadWriter()
      writer.put("boot", number.boot)
      writer.put("seq", number.sequence)
      if let time { writer.put("ts", time) }
      body(&writer)
      return writer.finish()
    }
  }
}

extension PayloadWriter {
  /// The members of a reply that says a command was taken.
  static func received(_ id: String) -> [UInt8] {
    var writer = PayloadWriter()
    writer.put("id", id)
    writer.put("state", "received")
    return writer.members()
  }
}
