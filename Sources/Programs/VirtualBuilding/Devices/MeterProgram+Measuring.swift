import DeviceKit

extension MeterProgram {
  var state: DeviceValues {
    var values: DeviceValues = [kind.register: .integer(register)]
    switch kind {
    case .electricity:
      let decivolts = hasMains ? 2_180 + Int64(spread % 60) : 0
      values["voltageVolts"] = .decimal(decivolts, scale: 1)
      values["powerWatts"] = .integer(flow)
      values["currentAmperes"] = .decimal(decivolts > 0 ? flow * 10_000 / decivolts : 0, scale: 3)
      values["supplyOn"] = .bool(isSupplyOn)
    case .water, .gas:
      values["flowLitresPerHour"] = .decimal(flow, scale: 1)
      values["valve"] = .text(valveWord)
      values["batteryPercent"] = .integer(battery.percent)
    }
    values["magneticField"] = .bool(isMagnetNear)
    values["batteryVolts"] = battery.volts
    if settingsBook.bool("prepaid") { values["balanceFen"] = .integer(balanceFen) }
    return values
  }

  var valveWord: String {
    if isValveStuck { return "stuck" }
    return valveTarget == nil ? (isSupplyOn ? "open" : "closed") : "moving"
  }

  /// Adds what has flowed since the last measurement, in steps of a quarter of an hour, and charges it.
  mutating func measure(_ desk: inout DeviceDesk) {
    let now = desk.moment.uptimeMilliseconds
    var from = max(measuredAt ?? now, now - 60 * 86_400_000)
    let before = register
    while from < now {
      let step = min(now - from, 900_000)
      millionths += kind.millionths(flow: flow, milliseconds: step)
      from += step
      if from < now { flow = currentFlow(&desk, at: desk.time - (now - from)) }
    }
    measuredAt = now
    register += millionths / 1_000_000
    millionths %= 1_000_000
    flow = currentFlow(&desk)
    desk.remember("register", number: register)
    desk.remember("millionths", number: millionths)
    charge(register - before, &desk)
  }

  func currentFlow(_ desk: inout DeviceDesk, at time: Int64? = nil) -> Int64 {
    guard isSupplyOn, hasMains || kind != .electricity else { return 0 }
    return kind.flow(of: residents, at: time ?? desk.time, using: &desk.random)
  }

  /// Prepaid: money goes with the flow; at nothing left the supply is switched off (6.3.2 c).
  private mutating func charge(_ units: Int64, _ desk: inout DeviceDesk) {
    guard settingsBook.bool("prepaid"), units > 0 else { return }
    unchargedFen += units * settingsBook.integer("priceFen")
    let fen = unchargedFen / 1_000
    unchargedFen %= 1_000
    setBalance(balanceFen - fen, &desk)
    desk.remember("uncharged", number: unchargedFen)
    if balanceFen <= 0, isSupplyOn { switchSupply(to: false, &desk) }
  }

  mutating func setBalance(_ fen: Int64, _ desk: inout DeviceDesk) {
    balanceFen = min(100_000_000, max(-100_000_000, fen))
    desk.remember("balance", number: balanceFen)
    let isLow = balanceFen < settingsBook.integer("lowBalanceFen")
    if isLow, !isLowBalanceTold { desk.raise("lowBalance", .warning, ["balanceFen": .integer(balanceFen)]) }
    isLowBalanceTold = isLow
  }

  /// The relay clicks at once; a valve takes some seconds, or does not move at all.
  mutating func switchSupply(to isOn: Bool, _ desk: inout DeviceDesk) {
    if kind == .electricity {
      isSupplyOn = isOn
      desk.remember("supply", number: isOn ? 1 : 0)
      desk.raise("supplySwitched", .info, ["on": .bool(isOn)])
      flow = currentFlow(&desk)
      desk.report(["supplyOn": .bool(isOn), "powerWatts": .integer(flow)])
    } else if !isValveStuck {
      valveTarget = isOn
      timetable.set(.valve, at: desk.moment.uptimeMilliseconds + 6_000)
      desk.report(["valve": "moving"])
    }
  }

  mutating func valveArrived(_ desk: inout DeviceDesk) {
    guard let target = valveTarget else { return }
    measure(&desk)
    valveTarget = nil
    if isValveStuck { return }
    isSupplyOn = target
    desk.remember("supply", number: target ? 1 : 0)
    flow = currentFlow(&desk)
    desk.raise("valveMoved", .info, ["valve": .text(valveWord)])
    desk.report(["valve": .text(valveWord), "flowLitresPerHour": .decimal(flow, scale: 1)])
  }

  static func settingsBook(_ kind: MeterKind) -> Settings {
    Settings(
      [
        "reportIntervalSeconds": .integer(kind.intervalSecondsStandard), "freezeHour": 0, "reportSpreadSeconds": 600,
        "prepaid": false, "priceFen": .integer(kind.priceFenStandard), "lowBalanceFen": 1_000,
      ],
      rules: [
        ("reportIntervalSeconds", .integer(kind.intervalSecondsMin...86_400)), ("freezeHour", .integer(0...23)),
        ("reportSpreadSeconds", .integer(0...3_600)), ("prepaid", .bool), ("priceFen", .integer(0...100_000)),
        ("lowBalanceFen", .integer(0...1_000_000)),
      ])
  }
}
