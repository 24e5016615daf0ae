/// The device's idea of the time: its hardware clock plus what the platform's answers taught it.
///
/// Asks at each connect and at least daily (clause 6.3.2 e). An answer that took too long on the way is not believed.
public struct DeviceClock: Hashable, Sendable {
  /// A day between two corrections.
  public static let intervalMilliseconds: Int64 = 24 * 3_600_000
  /// How long an answer is waited for before asking again.
  public static let retryMilliseconds: Int64 = 30_000
  /// The longest way there and back whose answer is believed: half of it is the largest error.
  public static let roundTripMillisecondsMax: Int64 = 10_000

  /// What is added to the hardware clock; milliseconds.
  public private(set) var offsetMilliseconds: Int64 = 0
  /// Whether the platform has set the clock since this start.
  public private(set) var isSet = false
  /// How wrong the clock was when last set; milliseconds, platform minus device.
  public private(set) var lastCorrectionMilliseconds: Int64?
  /// When to ask next, in uptime.
  public private(set) var askAtUptimeMilliseconds: Int64 = 0

  private var asked: Int64?

  public init() {}

  /// The corrected time: milliseconds since 1970 UTC.
  public func now(_ moment: DeviceMoment) -> Int64 {
    let (sum, overflow) = moment.hardwareMilliseconds.addingReportingOverflow(offsetMilliseconds)
    return overflow ? moment.hardwareMilliseconds : sum
  }

  /// Whether it is time to ask.
  public func isDue(_ moment: DeviceMoment) -> Bool { moment.uptimeMilliseconds >= askAtUptimeMilliseconds }

  /// A request goes out now; returns t0.
  public mutating func ask(_ moment: DeviceMoment) -> Int64 {
    askAtUptimeMilliseconds = moment.uptimeMilliseconds + Self.retryMilliseconds
    let now = now(moment)
    asked = now
    return now
  }

  /// A new connection: ask at once.
  public mutating func connected(_ moment: DeviceMoment) {
    asked = nil
    askAtUptimeMilliseconds = moment.uptimeMilliseconds
  }

  /// The platform says that the clock is wrong: ask at once, and trust it no more until then.
  mutating func doubt(_ moment: DeviceMoment) {
    isSet = false
    connected(moment)
  }

  /// The platform's answer came in.
  ///
  /// - Parameters:
  ///   - t0: what the request said.
  ///   - t1: when the platform received it; t2: when it answered.
  /// - Returns: by how many milliseconds the clock was put forward; nil when the answer is not believed.
  public mutating func answer(t0: Int64, t1: Int64, t2: Int64, _ moment: DeviceMoment) -> Int64? {
    let t3 = now(moment)
    guard asked == t0, t2 >= t1, t1 >= 0, t2 < 1 << 53, t3 >= t0 else { return nil }
    guard (t3 - t0) - (t2 - t1) <= Self.roundTripMillisecondsMax, t3 - t0 >= t2 - t1 - 1 else { return nil }
    asked = nil
    let correction = ((t1 - t0) + (t2 - t3)) / 2
    set(correction, moment)
    return correction
  }

  /// Takes the time from a clock that is already right: a sub-device from its gateway.
  public mutating func follow(_ other: DeviceClock, _ moment: DeviceMoment) -> Int64? {
    guard other.isSet else { return nil }
    let correction = other.offsetMilliseconds - offsetMilliseconds
    set(correction, moment)
    return correction
  }

  private mutating func set(_ correction: Int64, _ moment: DeviceMoment) {
    let (sum, overflow) = offsetMilliseconds.addingReportingOverflow(correction)
    guard !overflow else { return }
    offsetMilliseconds = sum
    isSet = true
    lastCorrectionMilliseconds = correction
    askAtUptimeMilliseconds = moment.uptimeMilliseconds + Self.intervalMilliseconds
  }
}
