import DeviceKit

/// A floor's gateway: brings the floor's gas meter and electrical-fire detector to the platform and says whether it
/// hears them.
struct GatewayProgram: VirtualProgram {
  let services: [String: ServiceRule] = ["selfTest": ServiceRule()]
  var settingsBook = Settings(["reportIntervalSeconds": 300], rules: [("reportIntervalSeconds", .integer(30...86_400))])
  private var reportAt: Int64?
  private var started: Int64 = 0
  /// Sub-devices it hears, by name.
  private(set) var heard: Set<String>

  init(subDevices: [String]) { heard = Set(subDevices) }

  var settings: DeviceValues { settingsBook.values }
  var wakeAtUptimeMilliseconds: Int64? { reportAt }
  var state: DeviceValues { ["subDevicesOnline": DeviceValue(heard.count)] }

  mutating func powerOn(_ desk: inout DeviceDesk) {
    settingsBook.recall(desk)
    started = desk.moment.uptimeMilliseconds
    reportAt = started + Int64.random(in: 500...5_000, using: &desk.random)
  }

  mutating func wake(_ desk: inout DeviceDesk) {
    var values = state
    values["messagesBuffered"] = DeviceValue(desk.messagesWaiting)
    values["uptimeSeconds"] = .integer((desk.moment.uptimeMilliseconds - started) / 1_000)
    values["signalDbm"] = .integer(Int64.random(in: -78 ... -55, using: &desk.random))
    desk.report(values)
    planReport(desk)
  }

  mutating func desire(_ settings: [String: DeviceValue], _ desk: inout DeviceDesk) {
    settingsBook.take(settings, &desk)
    planReport(desk)
  }

  mutating func clockCorrected(byMilliseconds correction: Int64, _ desk: inout DeviceDesk) {
    desk.tellClockCorrection(correction)
  }

  mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome? {
    command.service == "selfTest"
      ? .done(["subDevicesOnline": DeviceValue(heard.count)])
      : .refused(code: "unknownService", message: "a gateway does not offer the service")
  }

  /// A sub-device fell silent, or is heard again.
  mutating func hears(_ device: String, _ isHeard: Bool, _ desk: inout DeviceDesk) {
    guard heard.contains(device) != isHeard else { return }
    if isHeard {
      heard.insert(device)
      desk.raise("subDeviceFound", .info, ["device": .text(device)])
    } else {
      heard.remove(device)
      desk.raise("subDeviceLost", .warning, ["device": .text(device)])
    }
    desk.report(["subDevicesOnline": DeviceValue(heard.count)])
  }

  mutating func suffer(_ mischief: Mischief, _ desk: inout DeviceDesk) -> Bool { false }

  private mutating func planReport(_ desk: DeviceDesk) {
    reportAt = desk.moment.uptimeMilliseconds + settingsBook.integer("reportIntervalSeconds") * 1_000
  }
}
