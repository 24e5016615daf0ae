/// What a device asks of the machine it runs on: time and chance. Passed in, so that a bench can simulate both.
public struct DeviceEnvironment: Sendable {
  /// The device's time now.
  public let now: @Sendable () -> DeviceMoment
  /// How many real milliseconds pass until the device's uptime reads so much; 0 when it is past.
  public let realMillisecondsUntil: @Sendable (_ uptimeMilliseconds: Int64) -> Int64
  /// Where jitter begins; real devices pass entropy.
  public let seed: UInt64

  public init(
    seed: UInt64, now: @escaping @Sendable () -> DeviceMoment,
    realMillisecondsUntil: @escaping @Sendable (_ uptimeMilliseconds: Int64) -> Int64
  ) {
    self.now = now
    self.realMillisecondsUntil = realMillisecondsUntil
    self.seed = seed
  }
}
