import DeviceKit

/// What differs between the three meters; the rest is one program.
enum MeterKind: Sendable {
  case electricity, water, gas

  /// The property that holds the register.
  var register: String { self == .electricity ? "energyWh" : "volumeLitres" }
  /// The property of a freeze reading.
  var frozenRegister: String { self == .electricity ? "frozenEnergyWh" : "frozenVolumeLitres" }
  /// The service that switches the supply.
  var switchService: String { self == .electricity ? "switchSupply" : "setValve" }
  /// The shortest interval of reports the thing model takes; seconds.
  var intervalSecondsMin: Int64 { self == .electricity ? 60 : 300 }
  var intervalSecondsStandard: Int64 { self == .electricity ? 900 : 3_600 }
  /// fen a kWh, fen a cubic metre.
  var priceFenStandard: Int64 {
    switch self {
    case .electricity: 55
    case .water: 350
    case .gas: 280
    }
  }
  var battery: Battery {
    switch self {
    case .electricity: Battery(lifetimeDays: 3_650, centivolts: 260...360)
    case .water, .gas: Battery(lifetimeDays: 2_900, centivolts: 280...365)
    }
  }

  /// What flows now: watts, or tenths of a litre an hour.
  func flow(of residents: [Resident], at time: Int64, using random: inout DeviceRandom) -> Int64 {
    let base: Int64 = residents.reduce(0) { sum, resident in
      switch self {
      case .electricity: sum + resident.watts(at: time)
      case .water: sum + resident.litresPerHour(at: time) * 10
      case .gas: sum + resident.litresPerHour(at: time) * 12
      }
    }
    guard base > 0 else { return 0 }
    return max(0, base * Int64.random(in: 55...160, using: &random) / 100)
  }

  /// What a flow over some milliseconds adds to the register, in its millionths.
  func millionths(flow: Int64, milliseconds: Int64) -> Int64 {
    self == .electricity ? flow * milliseconds * 10 / 36 : flow * milliseconds * 10 / 360
  }
}
