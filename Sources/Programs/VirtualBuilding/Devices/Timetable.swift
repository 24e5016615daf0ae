/// What a device has to do and when, in uptime milliseconds: one time a duty.
struct Timetable<Duty: Hashable & Sendable>: Sendable {
  private var times: [Duty: Int64] = [:]

  /// When the next duty is due.
  var next: Int64? { times.values.min() }

  /// Sets or moves a duty; nil takes it off.
  mutating func set(_ duty: Duty, at uptimeMilliseconds: Int64?) { times[duty] = uptimeMilliseconds }

  /// Whether a duty is set.
  func has(_ duty: Duty) -> Bool { times[duty] != nil }

  /// Takes off one duty that is due, the earliest first.
  mutating func takeDue(_ uptimeMilliseconds: Int64) -> Duty? {
    guard let due = times.min(by: { $0.value < $1.value }), due.value <= uptimeMilliseconds else { return nil }
    times[due.key] = nil
    return due.key
  }
}
