import SecureElement

/// Which devices of a building have keys, and where those are.
struct DeviceKeyRing: Sendable {
  /// Where the factory notes whom it has equipped.
  let folder: BuildingFolder
  let rack: ElementRackLink

  /// How often the factory's notes are read while it is at work: a device that has just got its key can wait so long.
  static let period: Duration = .seconds(1)

  func keys(of device: String) -> any DeviceKeys { RackedElement(device, in: rack) }
}

extension BuildingPlan {
  /// The devices that get keys of their own at the factory: what opens doors and valves.
  package var devicesWithKeys: [String] {
    devices.filter { [.lock, .waterMeter, .gasMeter].contains($0.kind) }.map(\.name)
  }
}
