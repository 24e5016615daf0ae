import DeviceKit

/// A virtual device's program: a device program that can be misused.
protocol VirtualProgram: DeviceProgram {
  /// Something happens to the device.
  /// - Returns: false when such a device does not know such a thing.
  mutating func suffer(_ mischief: Mischief, _ desk: inout DeviceDesk) -> Bool
  /// What the device shows of itself, for the list.
  var state: DeviceValues { get }
}
