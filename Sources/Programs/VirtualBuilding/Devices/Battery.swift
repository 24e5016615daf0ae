import DeviceKit

/// A battery that lasts for years: it drains with time and with use, and is missed before it is empty.
struct Battery: Sendable {
  /// Below this the device says so (clauses 6.1.2 d, 6.3.2 b).
  static let lowPercent: Int64 = 20

  private var partsPerMillion: Int64 = 1_000_000
  private var isLowTold = false
  private let lifetimeDays: Int64
  private let fullCentivolts: Int64
  private let emptyCentivolts: Int64
  private var drainedAt: Int64?

  /// - Parameters:
  ///   - lifetimeDays: from full to empty without use.
  ///   - centivolts: the voltage, empty to full.
  init(lifetimeDays: Int64, centivolts: ClosedRange<Int64>) {
    self.lifetimeDays = lifetimeDays
    emptyCentivolts = centivolts.lowerBound
    fullCentivolts = centivolts.upperBound
  }

  var percent: Int64 { (partsPerMillion + 9_999) / 10_000 }
  var isLow: Bool { percent <= Self.lowPercent }
  var volts: DeviceValue {
    .decimal(emptyCentivolts + (fullCentivolts - emptyCentivolts) * partsPerMillion / 1_000_000, scale: 2)
  }
  /// How long it will last without use, in days (clause 6.2.2 g).
  var daysLeft: Int64 { partsPerMillion * lifetimeDays / 1_000_000 }

  mutating func recall(_ desk: DeviceDesk) {
    partsPerMillion = desk.rememberedNumber("battery") ?? partsPerMillion
    isLowTold = desk.rememberedNumber("batteryLow") == 1
    drainedAt = desk.moment.uptimeMilliseconds
  }

  /// Time has passed.
  mutating func drain(_ desk: inout DeviceDesk) {
    let now = desk.moment.uptimeMilliseconds
    let passed = max(0, now - (drainedAt ?? now))
    let loss = passed / (lifetimeDays * 86_400_000 / 1_000_000)
    guard loss > 0 || drainedAt == nil else { return }
    drainedAt = now
    set(partsPerMillion - loss, &desk)
  }

  /// One use, such as a motor's turn.
  mutating func use(partsPerMillion used: Int64, _ desk: inout DeviceDesk) { set(partsPerMillion - used, &desk) }

  /// Drops to a level, or is replaced by a full one.
  mutating func put(percent: Int64, _ desk: inout DeviceDesk) { set(percent * 10_000, &desk) }

  private mutating func set(_ level: Int64, _ desk: inout DeviceDesk) {
    partsPerMillion = min(1_000_000, max(0, level))
    desk.remember("battery", number: partsPerMillion)
    guard isLow != isLowTold else { return }
    isLowTold = isLow
    desk.remember("batteryLow", number: isLow ? 1 : 0)
    // With the event, or the last report would contradict it until the next.
    desk.report(["batteryPercent": DeviceValue(percent), "batteryVolts": volts])
    if isLow {
      desk.raise("lowBattery", .fault, ["batteryPercent": DeviceValue(percent), "batteryVolts": volts])
    } else {
      desk.raise("batteryRestored", .info)
    }
  }
}
