import Kernel

/// Wrong passwords in a row, and the time nobody may try because of them.
///
/// An attempt is counted before it is checked, so that many at once do not get more tries; the right password sets
/// everything back.
struct Lockout: Sendable, Hashable {
  /// How many wrong ones in a row lock the account.
  static let failuresMax = 5
  /// The first lock; each one after it, without a right password between, is twice as long.
  static let firstSeconds: Int64 = 15 * 60
  static let secondsMax: Int64 = 24 * 3_600

  var failures = 0
  /// How often it was locked since the last right password.
  var locks = 0
  var lockedUntil: Instant?

  /// Counts an attempt.
  ///
  /// - Returns: nil when it may be checked, else until when nobody may.
  mutating func attempt(at now: Instant) -> Instant? {
    if let lockedUntil, lockedUntil > now { return lockedUntil }
    failures += 1
    if failures >= Self.failuresMax {
      let seconds = min(Self.secondsMax, Self.firstSeconds << Int64(min(locks, 16)))
      lockedUntil = now.advanced(by: .seconds(seconds))
      locks += 1
      failures = 0
    }
    return nil
  }

  /// Whether the attempt counted last was the one that locked.
  var hasJustLocked: Bool { failures == 0 && lockedUntil != nil }
}

extension Instant {
  /// Whole seconds from `now` to this moment, rounded up, at least 1: what Retry-After says.
  func secondsAfter(_ now: Instant) -> Int {
    Int(max(1, (microseconds(since: now) + 999_999) / 1_000_000))
  }
}
