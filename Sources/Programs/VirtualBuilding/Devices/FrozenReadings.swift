import DeviceKit

/// A meter's freeze readings (冻结数据), kept on the meter for 60 days (clause 6.3.2 a asks for 30): the register at the
/// freeze hour of each day and every six hours from it.
struct FrozenReadings: Sendable {
  /// Four a day for 60 days.
  static let countMax = 240
  /// A freeze time that is noticed later than this is left out: a gap is honest, a guessed reading is not.
  static let lateMillisecondsMax: Int64 = 600_000
  static let everyMilliseconds: Int64 = 6 * 3_600_000

  struct Reading: Hashable, Sendable {
    /// Milliseconds since 1970 UTC.
    let time: Int64
    let register: Int64
  }

  private(set) var readings: [Reading] = []
  private static let memoryKey = "frozen"

  /// The last freeze time not after `time`.
  static func mark(notAfter time: Int64, freezeHour: Int64) -> Int64 {
    let phase = freezeHour % 6 * 3_600_000
    let local = time + Resident.localOffsetMilliseconds - phase
    let sinceMark = ((local % everyMilliseconds) + everyMilliseconds) % everyMilliseconds
    return time - sinceMark
  }

  mutating func recall(_ desk: DeviceDesk) {
    guard let bytes = desk.remembered(Self.memoryKey) else { return }
    let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int64($0) }
    var (time, register) = (Int64(0), Int64(0))
    readings = stride(from: 0, to: numbers.count - 1, by: 2).map { index in
      time += numbers[index] * 1_000
      register += numbers[index + 1]
      return Reading(time: time, register: register)
    }
  }

  /// Freezes the register when a freeze time has just come; returns the reading if so.
  mutating func freeze(register: Int64, freezeHour: Int64, _ desk: inout DeviceDesk) -> Reading? {
    let mark = Self.mark(notAfter: desk.time, freezeHour: freezeHour)
    guard desk.time - mark <= Self.lateMillisecondsMax, !readings.contains(where: { $0.time == mark }) else {
      return nil
    }
    let reading = Reading(time: mark, register: register)
    let place = readings.firstIndex { $0.time > mark } ?? readings.count
    readings.insert(reading, at: place)
    if readings.count > Self.countMax { readings.removeFirst() }
    remember(&desk)
    return reading
  }

  /// What was frozen between two times, both included.
  func between(_ from: Int64, _ to: Int64) -> [Reading] { readings.filter { $0.time >= from && $0.time <= to } }

  /// Differences, so that 240 readings take about 2 KB.
  private func remember(_ desk: inout DeviceDesk) {
    var (time, register) = (Int64(0), Int64(0))
    var numbers: [String] = []
    for reading in readings {
      numbers += [String((reading.time - time) / 1_000), String(reading.register - register)]
      (time, register) = (reading.time, reading.register)
    }
    desk.remember(Self.memoryKey, Array(numbers.joined(separator: " ").utf8))
  }
}
