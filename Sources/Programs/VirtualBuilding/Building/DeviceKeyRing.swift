import SecureElement

/// Which devices of a building have keys, and where those are.
struct DeviceKeyRing: Sendable {
  let keyed: Set<String>
  let rack: ElementRackLink

  func keys(of device: String) -> (any DeviceKeys)? {
    keyed.contains(device) ? RackedElement(device, in: rack) : nil
  }
}

extension BuildingPlan {
  /// The devices that get keys of their own at the factory: what opens doors and valves.
  package var devicesWithKeys: [String] {
    devices.filter { [.lock, .waterMeter, .gasMeter].contains($0.kind) }.map(\.name)
  }
}
