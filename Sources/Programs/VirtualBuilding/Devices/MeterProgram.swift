import DeviceKit

/// An electricity, water or gas meter (clause 6.3.2): reads by interval, freezes readings, reports them spread out,
/// reports them again when asked, notices magnets and weak batteries, switches the supply, counts prepaid money.
struct MeterProgram: VirtualProgram {
  enum Duty: Hashable, Sendable { case report, freeze, tellFrozen, valve }

  let kind: MeterKind
  let residents: [Resident]
  /// Spreads the reports of a building over the window (6.3.2 b).
  let spread: UInt64
  let services: [String: ServiceRule]

  var settingsBook: Settings
  var timetable = Timetable<Duty>()
  var battery: Battery
  var frozen = FrozenReadings()
  /// Freeze readings not yet handed over.
  var untold: [FrozenReadings.Reading] = []
  /// The register in Wh or litres, and the part below in millionths.
  var register: Int64 = 0
  var millionths: Int64 = 0
  var flow: Int64 = 0
  var measuredAt: Int64?
  var isSupplyOn = true
  /// What the valve is moving to.
  var valveTarget: Bool?
  var isValveStuck = false
  var hasMains = true
  var isMagnetNear = false
  var isCoverOpen = false
  var faultCode: String?
  var balanceFen: Int64 = 0
  /// Consumption not yet charged: fen times thousand Wh or litres.
  var unchargedFen: Int64 = 0
  var isLowBalanceTold = false
  var orders: [String] = []

  init(kind: MeterKind, name: String, residents: [Resident]) {
    self.kind = kind
    self.residents = residents
    spread = DeviceRandom.hash(name)
    battery = kind.battery
    services = [
      kind.switchService: ServiceRule(isDangerous: true), "readNow": ServiceRule(), "readFrozen": ServiceRule(),
      "selfTest": ServiceRule(), "topUp": ServiceRule(), "upgradeFirmware": ServiceRule(isDangerous: true),
    ]
    register = Int64(spread % 900_000) + 20_000
    settingsBook = Self.settingsBook(kind)
  }

  var settings: DeviceValues { settingsBook.values }
  var wakeAtUptimeMilliseconds: Int64? { timetable.next }

  mutating func powerOn(_ desk: inout DeviceDesk) {
    settingsBook.recall(desk)
    battery.recall(desk)
    frozen.recall(desk)
    register = desk.rememberedNumber("register") ?? register
    millionths = desk.rememberedNumber("millionths") ?? 0
    balanceFen = desk.rememberedNumber("balance") ?? 0
    unchargedFen = desk.rememberedNumber("uncharged") ?? 0
    isSupplyOn = desk.rememberedNumber("supply") != 0
    let lines = desk.remembered("orders").map { String(decoding: $0, as: UTF8.self) } ?? ""
    orders = lines.split(separator: "\n").map(String.init)
    measuredAt = desk.moment.uptimeMilliseconds
    flow = currentFlow(&desk)
    timetable.set(.report, at: desk.moment.uptimeMilliseconds + Int64.random(in: 500...5_000, using: &desk.random))
    planFreeze(desk)
  }

  mutating func wake(_ desk: inout DeviceDesk) {
    while let duty = timetable.takeDue(desk.moment.uptimeMilliseconds) {
      switch duty {
      case .report:
        battery.drain(&desk)
        measure(&desk)
        desk.report(state)
        planReport(desk)
      case .freeze:
        measure(&desk)
        freeze(&desk)
        planFreeze(desk)
      case .tellFrozen: tellFrozen(&desk)
      case .valve: valveArrived(&desk)
      }
    }
  }

  mutating func desire(_ settings: [String: DeviceValue], _ desk: inout DeviceDesk) {
    settingsBook.take(settings, &desk)
    planReport(desk)
    planFreeze(desk)
  }

  /// Freeze times move with the clock (6.3.2 e).
  mutating func clockCorrected(byMilliseconds correction: Int64, _ desk: inout DeviceDesk) {
    desk.tellClockCorrection(correction)
    planFreeze(desk)
  }

  /// Reports fall on the device's own second within the window, the same every time.
  mutating func planReport(_ desk: DeviceDesk) {
    let interval = settingsBook.integer("reportIntervalSeconds") * 1_000
    let phase = Int64(spread % UInt64(interval))
    let sincePhase = ((desk.time - phase) % interval + interval) % interval
    timetable.set(.report, at: desk.moment.uptimeMilliseconds + interval - sincePhase)
  }

  mutating func planFreeze(_ desk: DeviceDesk) {
    let mark = FrozenReadings.mark(notAfter: desk.time, freezeHour: settingsBook.integer("freezeHour"))
    timetable.set(
      .freeze, at: desk.moment.uptimeMilliseconds + mark + FrozenReadings.everyMilliseconds - desk.time)
  }

  private mutating func freeze(_ desk: inout DeviceDesk) {
    let hour = settingsBook.integer("freezeHour")
    guard let reading = frozen.freeze(register: register, freezeHour: hour, &desk) else { return }
    untold.append(reading)
    let window = UInt64(max(1, settingsBook.integer("reportSpreadSeconds") * 1_000))
    timetable.set(.tellFrozen, at: desk.moment.uptimeMilliseconds + Int64(spread % window))
  }

  private mutating func tellFrozen(_ desk: inout DeviceDesk) {
    desk.report(
      points: untold.map { ReadingPoint(time: $0.time, values: [kind.frozenRegister: .integer($0.register)]) })
    untold = []
  }
}
