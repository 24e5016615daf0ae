import DeviceKit

/// A smoke detector with its own sounder (clause 6.2.2).
struct SmokeDetectorProgram: VirtualProgram {
  enum Duty: Hashable, Sendable { case report, sample, check, unmute }

  /// Smoke that makes an alarm, in thousandths of dB/m (GB 20517: between 0.05 and 0.25 for EN54-like devices).
  static let limitMilli: Int64 = 150

  let services: [String: ServiceRule] = [
    "reset": ServiceRule(isDangerous: true), "mute": ServiceRule(isDangerous: true), "selfTest": ServiceRule(),
    "locate": ServiceRule(),
  ]

  var settingsBook = Settings(["reportIntervalSeconds": 900], rules: [("reportIntervalSeconds", .integer(60...86_400))])
  var timetable = Timetable<Duty>()
  var battery = Battery(lifetimeDays: 3_650, centivolts: 240...320)
  var detector: Detector
  var isRemoved = false
  /// When the fire began, uptime; nil: no fire.
  var fireSince: Int64?
  /// What the smoke was when the fire went out, and when.
  var smokeLeft: (milli: Int64, since: Int64)?
  var smokeMilli: Int64 = 20

  init(name: String) {
    detector = Detector(sounderDecibels: 82 + Int64(DeviceRandom.hash(name) % 9))
  }

  var settings: DeviceValues { settingsBook.values }
  var wakeAtUptimeMilliseconds: Int64? { timetable.next }

  var state: DeviceValues {
    [
      "smokeDecibelsPerMetre": .decimal(smokeMilli, scale: 3), "alarming": .bool(detector.isAlarming),
      "faulty": .bool(detector.faultCode != nil), "muted": .bool(detector.isMuted), "removed": .bool(isRemoved),
      "batteryPercent": .integer(battery.percent), "batteryVolts": battery.volts,
      "batteryDaysLeft": .integer(battery.daysLeft), "sounderDecibels": .integer(detector.sounderDecibels),
    ]
  }

  mutating func powerOn(_ desk: inout DeviceDesk) {
    settingsBook.recall(desk)
    battery.recall(desk)
    detector.recall(desk)
    isRemoved = desk.rememberedNumber("removed") == 1
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
        if isSmoky { timetable.set(.sample, at: now + Detector.sampleMilliseconds) }
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
      return detector.reset(isOver: smokeMilli >= Self.limitMilli, &desk)
    case "mute":
      guard let seconds = command.arguments["seconds"]?.asInteger, (10...600).contains(seconds) else {
        return .badArgument("seconds")
      }
      detector.setMuted(true, &desk)
      timetable.set(.unmute, at: desk.moment.uptimeMilliseconds + seconds * 1_000)
      return .done(["muted": true])
    case "selfTest": return detector.selfTest(isBatteryLow: battery.isLow, &desk)
    case "locate":
      guard (1...300).contains(command.arguments["seconds"]?.asInteger ?? 0) else { return .badArgument("seconds") }
      return .done()
    default: return .refused(code: "unknownService", message: "a smoke detector does not offer the service")
    }
  }

  mutating func suffer(_ mischief: Mischief, _ desk: inout DeviceDesk) -> Bool {
    let now = desk.moment.uptimeMilliseconds
    switch mischief {
    case .fire:
      fireSince = fireSince ?? now
      timetable.set(.sample, at: now + Detector.sampleMilliseconds)
    case .extinguish:
      measure(&desk)
      if fireSince != nil { smokeLeft = (smokeMilli, now) }
      fireSince = nil
    case .remove, .mount:
      let isNow = mischief == .remove
      guard isRemoved != isNow else { return true }
      isRemoved = isNow
      desk.remember("removed", number: isNow ? 1 : 0)
      if isNow { desk.raise("removed", .alarm) } else { desk.raise("mounted", .info) }
      desk.report(["removed": .bool(isNow)])
    case .lowBattery: battery.put(percent: 15, &desk)
    case .newBattery: battery.put(percent: 100, &desk)
    case .fault(let code):
      let codes = ["sensor", "sounder", "battery", "contamination", "link"]
      detector.brokenPart = codes.contains(code) ? code : "sensor"
      timetable.set(.check, at: now + Detector.checkMilliseconds)
    case .repair:
      detector.brokenPart = nil
      timetable.set(.check, at: now + Detector.checkMilliseconds)
    default: return false
    }
    return true
  }

  private var isSmoky: Bool { fireSince != nil || smokeLeft != nil }

  private mutating func report(_ desk: inout DeviceDesk) {
    battery.drain(&desk)
    measure(&desk)
    var values = state
    values["temperatureCelsius"] = temperature(&desk)
    values["signalDbm"] = .integer(Int64.random(in: -85 ... -62, using: &desk.random))
    desk.report(values)
  }

  private mutating func sample(_ desk: inout DeviceDesk) {
    measure(&desk)
    guard detector.sample(isOver: smokeMilli >= Self.limitMilli && !isRemoved, &desk) else { return }
    let temperature = temperature(&desk)
    let smoke = DeviceValue.decimal(smokeMilli, scale: 3)
    desk.raise("smokeAlarm", .critical, ["smokeDecibelsPerMetre": smoke, "temperatureCelsius": temperature])
    desk.report(["alarming": true, "smokeDecibelsPerMetre": smoke, "temperatureCelsius": temperature])
  }

  /// Smoke doubles every ten seconds after a fire's begin, and thins by half every twenty once it is out.
  private mutating func measure(_ desk: inout DeviceDesk) {
    let now = desk.moment.uptimeMilliseconds
    let noise = Int64.random(in: 12...28, using: &desk.random)
    if let fireSince {
      let doublings = min(10, (now - fireSince) / 10_000)
      smokeMilli = min(4_000, noise + 20 << doublings)
    } else if let left = smokeLeft {
      smokeMilli = noise + left.milli >> min(40, (now - left.since) / 20_000)
      if smokeMilli <= noise + 1 { smokeLeft = nil }
    } else {
      smokeMilli = noise
    }
  }

  private func temperature(_ desk: inout DeviceDesk) -> DeviceValue {
    let heat = fireSince.map { min(600, (desk.moment.uptimeMilliseconds - $0) / 200) } ?? 0
    return .decimal(Int64.random(in: 195...245, using: &desk.random) + heat, scale: 1)
  }
}
