import DeviceKit

/// A smart lock (clause 6.1.2): checks credentials offline, keeps its opening records, says when it is pried at,
/// forced, tried with wrong passwords or short of power.
struct LockProgram: VirtualProgram {
  enum Duty: Hashable, Sendable { case report, autoLock, keypad, ajar, life, doorMoves }

  /// How long a door may stand open before the lock says so; milliseconds.
  static let ajarMilliseconds: Int64 = 60_000
  static let credentialsMax = 300

  let services: [String: ServiceRule] = [
    "unlock": ServiceRule(isDangerous: true), "lock": ServiceRule(), "issueCredential": ServiceRule(isProtected: true),
    "revokeCredential": ServiceRule(isProtected: true), "uploadRecords": ServiceRule(),
    "clearTamper": ServiceRule(isDangerous: true), "selfTest": ServiceRule(),
  ]

  var settingsBook = Settings(
    [
      "reportIntervalSeconds": 900, "autoLockSeconds": 5, "wrongPasswordLimit": 5, "keypadPauseSeconds": 180,
      "soundOn": true,
    ],
    rules: [
      ("reportIntervalSeconds", .integer(60...86_400)), ("autoLockSeconds", .integer(0...600)),
      ("wrongPasswordLimit", .integer(1...5)), ("keypadPauseSeconds", .integer(10...3_600)), ("soundOn", .bool),
    ])
  var timetable = Timetable<Duty>()
  var battery = Battery(lifetimeDays: 400, centivolts: 440...620)
  var records = OpeningRecords()
  var credentials: [String: Credential] = [:]
  var credentialVersion: Int64 = 0
  var isLocked = true
  var isDoorOpen = false
  var isTampered = false
  var wrongPasswordCount: Int64 = 0
  var isLockedOut = false
  var faultCode: String?
  let resident: Resident

  /// - Parameter resident: who lives behind the door; decides when it is used.
  init(resident: Resident) { self.resident = resident }

  var settings: DeviceValues { settingsBook.values }
  var wakeAtUptimeMilliseconds: Int64? { timetable.next }

  var state: DeviceValues {
    [
      "locked": .bool(isLocked), "door": .text(isDoorOpen ? "open" : "closed"), "tampered": .bool(isTampered),
      "wrongPasswordCount": .integer(wrongPasswordCount), "lockedOut": .bool(isLockedOut),
      "credentialCount": DeviceValue(credentials.count), "credentialVersion": .integer(credentialVersion),
      "recordsKept": DeviceValue(records.waitingCount), "batteryPercent": .integer(battery.percent),
      "batteryVolts": battery.volts,
    ]
  }

  mutating func powerOn(_ desk: inout DeviceDesk) {
    settingsBook.recall(desk)
    battery.recall(desk)
    records.recall(desk)
    isTampered = desk.rememberedNumber("tampered") == 1
    credentialVersion = desk.rememberedNumber("credentialVersion") ?? 0
    let ids = desk.remembered("credentials").map { String(decoding: $0, as: UTF8.self) } ?? ""
    for id in ids.split(separator: "\n") {
      credentials[String(id)] = desk.remembered("credential \(id)").flatMap(Credential.init(bytes:))
    }
    timetable.set(.report, at: desk.moment.uptimeMilliseconds + Int64.random(in: 500...5_000, using: &desk.random))
    planLife(&desk)
  }

  mutating func wake(_ desk: inout DeviceDesk) {
    while let duty = timetable.takeDue(desk.moment.uptimeMilliseconds) {
      switch duty {
      case .report: report(&desk)
      case .autoLock: lockAgain(&desk)
      case .keypad:
        isLockedOut = false
        desk.report(["lockedOut": false])
      case .ajar: desk.raise("doorAjar", .warning, ["seconds": .integer(Self.ajarMilliseconds / 1_000)])
      case .doorMoves: closeDoor(&desk)
      case .life:
        live(&desk)
        planLife(&desk)
      }
    }
  }

  mutating func desire(_ settings: [String: DeviceValue], _ desk: inout DeviceDesk) {
    settingsBook.take(settings, &desk)
    planReport(desk)
  }

  mutating func connectionChanged(_ desk: inout DeviceDesk) {
    if desk.isOnline { records.upload(&desk) }
  }

  mutating func clockCorrected(byMilliseconds correction: Int64, _ desk: inout DeviceDesk) {
    desk.tellClockCorrection(correction)
  }

  private mutating func report(_ desk: inout DeviceDesk) {
    battery.drain(&desk)
    var values = state
    values["temperatureCelsius"] = .decimal(Int64.random(in: 180...260, using: &desk.random), scale: 1)
    values["signalDbm"] = .integer(Int64.random(in: -82 ... -61, using: &desk.random))
    desk.report(values)
    planReport(desk)
  }

  private mutating func planReport(_ desk: DeviceDesk) {
    let interval = settingsBook.integer("reportIntervalSeconds") * 1_000
    timetable.set(.report, at: desk.moment.uptimeMilliseconds + interval)
  }
}
