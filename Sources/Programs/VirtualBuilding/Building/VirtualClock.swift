package import DeviceKit

/// The building's time: real time, or faster. At a speed other than 1 the building's clock runs ahead of the
/// platform's: a bench for a platform whose clock is passed in, or for making history.
package struct VirtualClock: Sendable {
  /// Simulated seconds a real second; 1 to 86400.
  package let speed: Int64
  private let realMilliseconds: @Sendable () -> Int64
  private let startReal: Int64
  private let startWall: Int64

  /// - Parameters:
  ///   - speed: how many times faster than real time.
  ///   - wallMilliseconds: what the devices' clocks show at the start, since 1970 UTC.
  ///   - realMilliseconds: a monotonic clock.
  package init(speed: Int64 = 1, wallMilliseconds: Int64, realMilliseconds: @escaping @Sendable () -> Int64) {
    self.speed = min(86_400, max(1, speed))
    self.realMilliseconds = realMilliseconds
    startReal = realMilliseconds()
    startWall = wallMilliseconds
  }

  /// The simulated moment.
  package func now() -> DeviceMoment {
    let uptime = (realMilliseconds() - startReal) * speed
    return DeviceMoment(uptimeMilliseconds: uptime, hardwareMilliseconds: startWall + uptime)
  }

  /// Real milliseconds until the simulated uptime reads so much, rounded up; 0 when it is past.
  package func realMilliseconds(until uptimeMilliseconds: Int64) -> Int64 {
    max(0, (uptimeMilliseconds - now().uptimeMilliseconds + speed - 1) / speed)
  }

  /// What the devices' SDK asks for.
  package func environment(seed: UInt64) -> DeviceEnvironment {
    DeviceEnvironment(seed: seed, now: { now() }, realMillisecondsUntil: { realMilliseconds(until: $0) })
  }
}
