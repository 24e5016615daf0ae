/// A moment as the device's hardware tells it. The SDK never asks the system for the time: the driver passes it in.
public struct DeviceMoment: Hashable, Sendable {
  /// Milliseconds since the device started; never jumps, never goes back.
  public var uptimeMilliseconds: Int64
  /// What the device's own clock shows: milliseconds since 1970 UTC, possibly wrong by years.
  public var hardwareMilliseconds: Int64

  public init(uptimeMilliseconds: Int64, hardwareMilliseconds: Int64) {
    self.uptimeMilliseconds = uptimeMilliseconds
    self.hardwareMilliseconds = hardwareMilliseconds
  }
}
