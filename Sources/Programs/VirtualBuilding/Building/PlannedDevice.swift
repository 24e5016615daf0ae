import DeviceKit

/// One device of a virtual building.
package struct PlannedDevice: Hashable, Sendable {
  /// What it is; the raw value is the prefix of its name.
  package enum Kind: String, Sendable, CaseIterable {
    case lock = "LK"
    case smokeDetector = "SD"
    case electricityMeter = "EM"
    case waterMeter = "WM"
    case gasMeter = "GM"
    case electricalFireDetector = "EF"
    case gateway = "GW"

    /// The thing model it speaks.
    package var model: String {
      switch self {
      case .lock: "lock.basic"
      case .smokeDetector: "smoke.basic"
      case .electricityMeter: "electricity.basic"
      case .waterMeter: "water.basic"
      case .gasMeter: "gas.basic"
      case .electricalFireDetector: "electrical-fire.basic"
      case .gateway: "gateway.basic"
      }
    }
  }

  /// `LK-0803`, `GM-08`.
  package let name: String
  package let kind: Kind
  package let floor: Int
  /// `0803`: floor and room, two digits each; nil for what hangs in the corridor.
  package let room: String?
  /// The gateway it stands behind; nil when it speaks for itself.
  package let gateway: String?

  /// The firmware a virtual device says it has.
  static let firmware = "1.0.0"

  var identity: DeviceIdentity? {
    DeviceIdentity(name: name, model: kind.model, modelVersion: 1, firmware: Self.firmware)
  }
}
