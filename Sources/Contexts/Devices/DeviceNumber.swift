/// The small number of a device: what the log, the chunks and the tables in memory carry instead of its id.
///
/// The registry gives it once, counting from 1, and never again to another device.
package struct DeviceNumber: Hashable, Sendable, Comparable, Codable {
  package let value: UInt32

  package init(_ value: UInt32) { self.value = value }

  package static func < (left: Self, right: Self) -> Bool { left.value < right.value }

  package init(from decoder: any Decoder) throws {
    self.value = try decoder.singleValueContainer().decode(UInt32.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }
}
