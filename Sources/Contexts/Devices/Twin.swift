package import Kernel

/// A device's twin (设备影子): what the platform desires and what the device reports, never the one for the other.
package struct Twin: Sendable, Hashable {
  /// One writable property.
  package struct Entry: Sendable, Hashable {
    package let property: String
    package let desired: PropertyValue?
    package let desiredAt: Instant?
    package let reported: PropertyValue?
    /// When the platform received it.
    package let reportedAt: Instant?

    /// The device has not reported what is desired.
    package var differs: Bool { desired != nil && desired != reported }
  }

  package let device: ID<Device>
  /// Grows with each change of the desired part; an ETag.
  package let desiredVersion: Int64
  /// Grows with each report.
  package let reportedVersion: Int64
  /// In the model's order.
  package let entries: [Entry]

  package var differs: Bool { entries.contains { $0.differs } }
}
