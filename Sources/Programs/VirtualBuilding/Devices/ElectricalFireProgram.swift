import DeviceKit

/// An electrical-fire detector of one floor's distribution board: residual current and cable temperatures (clause 6.2).
struct ElectricalFireProgram: VirtualProgram {
  enum Duty: Hashable, Sendable { case report, sample, check, unmute }

  static let channels = ["A", "B", "C", "N"]

  let services: [String: ServiceRule] = [
    "reset": ServiceRule(isDangerous: true), "mute": ServiceRule(isDangerous: true), "selfTest": ServiceRule(),
    "locate": ServiceRule(),
  ]

  var settingsBook = Settings(
    ["reportIntervalSeconds": 300, "residualCurrentLimitMilliamperes": 300, "temperatureLimitCelsius": 70],
    rules: [
      ("reportIntervalSeconds", .integer(30...86_400)), ("residualCurrentLimitMilliamperes", .integer(20...1_000)),
      ("temperatureLimitCelsius", .integer(45...140)),
    ])
  var timetable = Timetable<Duty>()
  var detector: Detector
  var isMainsOn = true
  /// When the insulation began to fail, uptime; nil: all is well.
  var fireSince: Int64?
  var milliamperes: Int64 = 25
  /// Tenths of a degree, by channel.
  var temperatures: [Int64] = [280, 280, 280, 260]

  init(name: String) {
    detector = Detector(sounderDecibels: 78 + Int64(DeviceRandom.hash(name) % 12))
  }

  var settings: DeviceValues { settingsBook.values }
  var wakeAtUptimeMilliseconds: Int64? { timetable.next }

  var state: DeviceValues {
    var values: DeviceValues = ["residualCurrentMilliamperes": .integer(milliamperes)]
    for (channel, tenths) in zip(Self.channels, temperatures) {
      values["temperature\(channel)Celsius"] = .decimal(tenths, scale: 1)
    }
    values["alarming"] = .bool(detector.isAlarming)
    values["faulty"] = .bool(detector.faultCode != nil)
    values["muted"] = .bool(detector.isMuted)
    values["mainsOn"] = .bool(isMainsOn)
    values["sounderDecibels"] = .integer(detector.sounderDecibels)
    return values
  }

  mutating func powerOn(_ desk: inout DeviceDesk) {
    settingsBook.recall(desk)
    detector.recall(desk)
    let now = desk.moment.uptimeMilliseconds
    timetable.set(.report, at: now + Int64.random(in: 500...5_000, using: &desk.random))
  }

  mutating func wake(_ desk: inout DeviceDesk) {
    let now = desk.moment.uptimeMilliseconds
    while let duty = timetable.takeDue(now) {
      switch duty {
      case .report:
        report(&desk)
        timetable.set(.report, at: now + settingsBook.integer("reportIntervalSeconds") * 1_000)
      case .sample:
        sample(&desk)
        if fireSince != nil { timetable.set(.sample, at: now + Detector.sampleMilliseconds) }
      case .check: detector.check(&desk)
      case .unmute: detector.setMuted(false, &desk)
      }
    }
  }

  mutating func desire(_ settings: [String: DeviceValue], _ desk: inout DeviceDesk) {
    settingsBook.take(settings, &desk)
    timetable.set(.report, at: desk.moment.uptimeMilliseconds + settingsBook.integer("reportIntervalSeconds") * 1_000)
  }

  mutating func clockCorrected(byMilliseconds correction: Int64, _ desk: inout DeviceDesk) {
    desk.tellClockCorrection(correction)
  }

  mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome? {
    switch command.service {
    case "reset":
      measure(&desk)
      return detector.reset(isOver: isOver, &desk)
    case "mute":
      guard let seconds = command.arguments["seconds"]?.asInteger, (10...600).contains(seconds) else {
        return .badArgument("seconds")
      }
      detector.setMuted(true, &desk)
      timetable.set(.unmute, at: desk.moment.uptimeMilliseconds + seconds * 1_000)
      return .done(["muted": true])
    case "selfTest": return detector.selfTest(isBatteryLow: false, &desk)
    case "locate":
      guard (1...300).contains(command.arguments["seconds"]?.asInteger ?? 0) else { return .badArgument("seconds") }
      return .done()
    default: return .refused(code: "unknownService", message: "the detector does not offer the service")
    }
  }

  mutating func suffer(_ mischief: Mischief, _ desk: inout DeviceDesk) -> Bool {
    let now = desk.moment.uptimeMilliseconds
    switch mischief {
    case .fire:
      fireSince = fireSince ?? now
      timetable.set(.sample, at: now + Detector.sampleMilliseconds)
    case .extinguish: fireSince = nil
    case .fault(let code):
      let codes = ["sensorOpen", "sensorShort", "sounder", "mains", "link"]
      detector.brokenPart = codes.contains(code) ? code : "sensorOpen"
      timetable.set(.check, at: now + Detector.checkMilliseconds)
    case .repair:
      detector.brokenPart = nil
      timetable.set(.check, at: now + Detector.checkMilliseconds)
    case .mainsOff, .mainsOn:
      let isNow = mischief == .mainsOn
      guard isMainsOn != isNow else { return true }
      isMainsOn = isNow
      if isNow { desk.raise("mainsRestored", .info) } else { desk.raise("mainsLost", .warning) }
      desk.report(["mainsOn": .bool(isNow)])
    default: return false
    }
    return true
  }
}

extension ElectricalFireProgram {
  private var isTooMuch: Bool { milliamperes > settingsBook.integer("residualCurrentLimitMilliamperes") }

  private var hottest: Int { temperatures.indices.max { temperatures[$0] < temperatures[$1] } ?? 0 }

  private var isTooHot: Bool { temperatures[hottest] > settingsBook.integer("temperatureLimitCelsius") * 10 }

  private var isOver: Bool { isTooMuch || isTooHot }

  private mutating func report(_ desk: inout DeviceDesk) {
    measure(&desk)
    desk.report(state)
  }

  private mutating func sample(_ desk: inout DeviceDesk) {
    measure(&desk)
    guard detector.sample(isOver: isOver, &desk) else { return }
    if isTooMuch {
      desk.raise("residualCurrentAlarm", .critical, ["residualCurrentMilliamperes": .integer(milliamperes)])
    } else {
      desk.raise(
        "temperatureAlarm", .critical,
        [
          "channel": .text(Self.channels[hottest]),
          "temperatureCelsius": .decimal(temperatures[hottest], scale: 1),
        ])
    }
    desk.report(state)
  }

  /// Failing insulation: the current grows by 20 mA a second, the worst cable warms by 0.4 °C a second.
  private mutating func measure(_ desk: inout DeviceDesk) {
    let seconds = fireSince.map { (desk.moment.uptimeMilliseconds - $0) / 1_000 } ?? 0
    milliamperes = min(5_000, Int64.random(in: 18...34, using: &desk.random) + seconds * 20)
    for index in temperatures.indices {
      let heat = index == 1 ? min(1_500, seconds * 4) : 0
      temperatures[index] = Int64.random(in: 265...305, using: &desk.random) + heat
    }
  }
}
