import DeviceKit

extension MeterProgram {
  /// Orders of top-ups remembered, so that an order counts once.
  static let ordersMax = 64

  mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome? {
    switch command.service {
    case kind.switchService: return switchSupply(command, &desk)
    case "readNow":
      measure(&desk)
      desk.report(state)
      return .done([kind.register: .integer(register)])
    case "readFrozen":
      guard let from = command.arguments["from"]?.asInteger, let to = command.arguments["to"]?.asInteger, from <= to
      else { return .badArgument("from, to") }
      let found = frozen.between(from, to)
      desk.report(
        points: found.map { ReadingPoint(time: $0.time, values: [kind.frozenRegister: .integer($0.register)]) })
      return .done(["count": DeviceValue(found.count)])
    case "topUp": return topUp(command, &desk)
    case "selfTest":
      if let faultCode { return .failed(code: faultCode, message: "a part does not work") }
      return .done(["batteryVolts": battery.volts])
    case "upgradeFirmware":
      return .failed(code: "unsupported", message: "this firmware can not be upgraded remotely")
    default: return .refused(code: "unknownService", message: "a meter does not offer the service")
    }
  }

  private mutating func switchSupply(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome {
    let wish: Bool? = switch command.arguments[kind == .electricity ? "on" : "valve"] {
    case .bool(let on) where kind == .electricity: on
    case .text("open") where kind != .electricity: true
    case .text("closed") where kind != .electricity: false
    default: nil
    }
    guard let wish else { return .badArgument(kind == .electricity ? "on" : "valve") }
    if wish, settingsBook.bool("prepaid"), balanceFen <= 0 {
      return .refused(code: "noBalance", message: "nothing is left of the prepaid balance")
    }
    if isValveStuck {
      desk.raise("valveStuck", .fault)
      return .failed(code: "stuck", message: "the valve does not move")
    }
    measure(&desk)
    switchSupply(to: wish, &desk)
    return .done(kind == .electricity ? ["supplyOn": .bool(wish)] : ["valve": "moving"])
  }

  private mutating func topUp(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome {
    guard let amount = command.arguments["amountFen"]?.asInteger, (1...10_000_000).contains(amount) else {
      return .badArgument("amountFen")
    }
    guard let order = command.arguments["order"]?.asText, (1...64).contains(order.utf8.count), !order.contains("\n")
    else { return .badArgument("order") }
    if !orders.contains(order) {
      orders.append(order)
      if orders.count > Self.ordersMax { orders.removeFirst() }
      desk.remember("orders", Array(orders.joined(separator: "\n").utf8))
      measure(&desk)
      setBalance(balanceFen + amount, &desk)
      if balanceFen > 0, !isSupplyOn, settingsBook.bool("prepaid") { switchSupply(to: true, &desk) }
      desk.report(["balanceFen": .integer(balanceFen)])
    }
    return .done(["balanceFen": .integer(balanceFen)])
  }

  mutating func suffer(_ mischief: Mischief, _ desk: inout DeviceDesk) -> Bool {
    switch mischief {
    case .magnet, .removeMagnet:
      let isNow = mischief == .magnet
      guard isMagnetNear != isNow else { return true }
      isMagnetNear = isNow
      if isNow { desk.raise("magneticAttack", .alarm) } else { desk.raise("magneticCleared", .info) }
      desk.report(["magneticField": .bool(isNow)])
    case .openCover, .closeCover:
      let isNow = mischief == .openCover
      guard isCoverOpen != isNow else { return true }
      isCoverOpen = isNow
      if isNow { desk.raise("coverOpened", .alarm) } else { desk.raise("coverClosed", .info) }
    case .lowBattery: battery.put(percent: 15, &desk)
    case .newBattery: battery.put(percent: 100, &desk)
    case .fault("valve") where kind != .electricity: isValveStuck = true
    case .fault(let code):
      guard faultCode == nil else { return true }
      let known = ["memory", "sensor", "clock", "link"].contains(code) ? code : "sensor"
      faultCode = known
      desk.raise("meterFault", .fault, ["code": .text(known)])
    case .repair:
      if faultCode != nil { desk.raise("meterFaultCleared", .info) }
      if isValveStuck { desk.raise("valveFreed", .info) }
      faultCode = nil
      isValveStuck = false
    case .mainsOff, .mainsOn:
      guard kind == .electricity else { return false }
      setMains(mischief == .mainsOn, &desk)
    default: return false
    }
    return true
  }

  private mutating func setMains(_ isNow: Bool, _ desk: inout DeviceDesk) {
    guard hasMains != isNow else { return }
    measure(&desk)
    hasMains = isNow
    flow = currentFlow(&desk)
    if isNow { desk.raise("powerRestored", .info) } else { desk.raise("powerLost", .warning) }
    desk.report(state)
  }
}
