import DeviceKit

extension BuildingPlan {
  /// The program of a device, as it leaves the factory.
  func program(of device: PlannedDevice) -> any VirtualProgram {
    let residents = device.room.map { [resident(of: $0)] }
      ?? rooms.filter { Int($0.prefix(2)) == device.floor }.map { resident(of: $0) }
    switch device.kind {
    case .lock: return LockProgram(resident: residents.first ?? .nobody)
    case .smokeDetector: return SmokeDetectorProgram(name: device.name)
    case .electricityMeter: return MeterProgram(kind: .electricity, name: device.name, residents: residents)
    case .waterMeter: return MeterProgram(kind: .water, name: device.name, residents: residents)
    case .gasMeter: return MeterProgram(kind: .gas, name: device.name, residents: residents)
    case .electricalFireDetector: return ElectricalFireProgram(name: device.name)
    case .gateway:
      return GatewayProgram(subDevices: devices.filter { $0.gateway == device.name }.map(\.name))
    }
  }
}
