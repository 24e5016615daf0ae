import DeviceKit

/// Who lives in a virtual room: decides when its door is used and how much it consumes, hour by hour.
package enum Resident: Int, Sendable, CaseIterable {
  case worker, couple, family, student, retired, nobody

  /// The type of a room, the same in every run: about one room in ten stands empty.
  package init(room: String, seed: UInt64) {
    let draw = Int(truncatingIfNeeded: (DeviceRandom.hash(room) ^ seed) % 20)
    self = switch draw {
    case 0..<6: .worker
    case 6..<10: .couple
    case 10..<13: .family
    case 13..<16: .student
    case 16..<18: .retired
    default: .nobody
    }
  }

  /// Local time of the estate: China has one, without summer time.
  static let localOffsetMilliseconds: Int64 = 8 * 3_600_000

  /// The hour of the day, 0 to 23, of a UTC time in milliseconds.
  static func localHour(_ time: Int64) -> Int {
    let local = time &+ localOffsetMilliseconds
    let day: Int64 = 86_400_000
    return Int(((local % day) + day) % day / 3_600_000)
  }

  /// Minutes until somebody passes the door again; nil when nobody lives there.
  func minutesToNextPassage(at time: Int64, using random: inout DeviceRandom) -> Int64? {
    guard self != .nobody else { return nil }
    let presence = Self.activity[self.rawValue][Self.localHour(time)]
    let longest = Int64(900 / max(1, presence))
    return Int64.random(in: 15...max(30, longest), using: &random)
  }

  /// Electric power drawn in the hour, watts, before chance.
  func watts(at time: Int64) -> Int64 {
    let standby: Int64 = self == .nobody ? 4 : 55
    return standby + Int64(Self.activity[rawValue][Self.localHour(time)]) * (self == .family ? 95 : 60)
  }

  /// Water used in the hour, litres an hour, before chance.
  func litresPerHour(at time: Int64) -> Int64 {
    Int64(Self.activity[rawValue][Self.localHour(time)]) * (self == .family ? 5 : 3)
  }

  /// How much goes on in the room, 0 to 9, by local hour.
  private static let activity: [[Int]] = [
    [1, 0, 0, 0, 0, 0, 2, 6, 4, 1, 0, 0, 1, 1, 0, 0, 0, 1, 4, 6, 7, 6, 5, 3], // worker
    [1, 0, 0, 0, 0, 1, 4, 7, 4, 1, 1, 1, 2, 1, 1, 1, 1, 3, 6, 8, 8, 7, 5, 3], // couple
    [1, 0, 0, 0, 0, 1, 5, 8, 6, 4, 3, 5, 6, 3, 2, 3, 4, 6, 8, 9, 8, 7, 5, 2], // family
    [3, 2, 1, 0, 0, 0, 0, 3, 5, 3, 2, 3, 4, 3, 2, 2, 2, 4, 5, 5, 6, 7, 7, 5], // student
    [0, 0, 0, 0, 1, 4, 6, 6, 5, 4, 4, 6, 4, 2, 3, 4, 4, 6, 6, 5, 4, 3, 1, 0], // retired
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], // nobody
  ]
}
