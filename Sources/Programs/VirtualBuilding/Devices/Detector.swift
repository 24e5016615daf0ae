import DeviceKit

/// What smoke and electrical-fire detectors have in common (clause 6.2.2): an alarm that stays until the platform
/// resets it, a fault that is told apart from it, muting, self-test. A value inside the programs.
struct Detector: Sendable {
  /// What the device shows and sounds where it hangs.
  enum Signal: String, Sendable {
    case quiet
    /// Loud sound and red light.
    case alarm
    /// Red light only: muted.
    case mutedAlarm
    /// A short chirp and yellow light (6.2.2 c): nobody takes it for an alarm.
    case fault
  }

  /// How often a hazard is measured; two measurements over the limit make an alarm, well within 20 s (6.2.2 b).
  static let sampleMilliseconds: Int64 = 4_000
  /// How often the parts check themselves, well within 60 s (6.2.2 c).
  static let checkMilliseconds: Int64 = 20_000

  private(set) var isAlarming = false
  private(set) var isMuted = false
  private(set) var faultCode: String?
  private(set) var sounderDecibels: Int64
  /// A part that has failed but is not yet noticed.
  var brokenPart: String?
  private var samplesOver = 0

  init(sounderDecibels: Int64) { self.sounderDecibels = sounderDecibels }

  var signal: Signal {
    if isAlarming { return isMuted ? .mutedAlarm : .alarm }
    return faultCode == nil ? .quiet : .fault
  }

  mutating func recall(_ desk: DeviceDesk) {
    isAlarming = desk.rememberedNumber("alarming") == 1
    faultCode = desk.remembered("fault").map { String(decoding: $0, as: UTF8.self) }
    brokenPart = faultCode
  }

  /// One measurement. Returns whether an alarm began.
  mutating func sample(isOver: Bool, _ desk: inout DeviceDesk) -> Bool {
    samplesOver = isOver ? samplesOver + 1 : 0
    guard samplesOver >= 2, !isAlarming else { return false }
    isAlarming = true
    isMuted = false
    desk.remember("alarming", number: 1)
    return true
  }

  /// The platform's reset. Refused while the hazard lasts.
  mutating func reset(isOver: Bool, _ desk: inout DeviceDesk) -> CommandOutcome {
    if isOver { return .failed(code: "stillOver", message: "the measured value is still over the limit") }
    samplesOver = 0
    if isAlarming {
      isAlarming = false
      isMuted = false
      desk.remember("alarming", nil)
      desk.raise("alarmReset", .info)
    }
    desk.report(["alarming": false, "muted": false])
    return .done(["alarming": false])
  }

  mutating func setMuted(_ isNow: Bool, _ desk: inout DeviceDesk) {
    guard isMuted != isNow else { return }
    isMuted = isNow
    desk.report(["muted": .bool(isNow), "alarming": .bool(isAlarming)])
  }

  /// The parts look after themselves: tells a fault, or that it is over.
  mutating func check(_ desk: inout DeviceDesk) {
    guard faultCode != brokenPart else { return }
    faultCode = brokenPart
    desk.remember("fault", brokenPart.map { Array($0.utf8) })
    if let brokenPart {
      desk.raise("fault", .fault, ["code": .text(brokenPart)])
    } else {
      desk.raise("faultCleared", .info)
    }
    desk.report(["faulty": .bool(brokenPart != nil)])
  }

  /// Sounds, lights and measures itself (6.2.2 d, e).
  mutating func selfTest(isBatteryLow: Bool, _ desk: inout DeviceDesk) -> CommandOutcome {
    let part: String? = switch brokenPart {
    case "sounder": "buzzer"
    case .some: "sensor"
    case nil: isBatteryLow ? "battery" : nil
    }
    if let part {
      desk.raise("selfTestFailed", .fault, ["part": .text(part)])
      return .failed(code: part, message: "the part did not pass")
    }
    let measured = sounderDecibels + Int64.random(in: -1...1, using: &desk.random)
    desk.raise("selfTestPassed", .info, ["sounderDecibels": .integer(measured)])
    desk.report(["sounderDecibels": .integer(measured)])
    return .done(["sounderDecibels": .integer(measured)])
  }
}
