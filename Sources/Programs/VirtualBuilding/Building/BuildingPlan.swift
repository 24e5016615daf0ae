/// What hangs where in a virtual building: a lock, a smoke detector, an electricity and a water meter in each room; a
/// gas meter and an electrical-fire detector on each floor, behind the floor's gateway.
package struct BuildingPlan: Hashable, Sendable {
  /// 1 to 99.
  package let floors: Int
  /// 1 to 99.
  package let roomsPerFloor: Int
  /// Decides the residents, their habits and all chance.
  package let seed: UInt64
  /// Every device; a gateway stands before what is behind it.
  package let devices: [PlannedDevice]

  package init(floors: Int = 12, roomsPerFloor: Int = 14, seed: UInt64 = 1) {
    self.floors = min(99, max(1, floors))
    self.roomsPerFloor = min(99, max(1, roomsPerFloor))
    self.seed = seed
    var devices: [PlannedDevice] = []
    for floor in 1...self.floors {
      let level = Self.twoDigits(floor)
      for room in 1...self.roomsPerFloor {
        let number = level + Self.twoDigits(room)
        for kind in [PlannedDevice.Kind.lock, .smokeDetector, .electricityMeter, .waterMeter] {
          devices.append(
            PlannedDevice(name: "\(kind.rawValue)-\(number)", kind: kind, floor: floor, room: number, gateway: nil))
        }
      }
      let gateway = "GW-\(level)"
      devices.append(PlannedDevice(name: gateway, kind: .gateway, floor: floor, room: nil, gateway: nil))
      for kind in [PlannedDevice.Kind.gasMeter, .electricalFireDetector] {
        devices.append(
          PlannedDevice(name: "\(kind.rawValue)-\(level)", kind: kind, floor: floor, room: nil, gateway: gateway))
      }
    }
    self.devices = devices
  }

  /// Those that hold a connection, and so a certificate, of their own.
  package var connected: [PlannedDevice] { devices.filter { $0.gateway == nil } }

  /// Rooms in order: `0101`, `0102`, …
  package var rooms: [String] {
    (1...floors).flatMap { floor in
      (1...roomsPerFloor).map { Self.twoDigits(floor) + Self.twoDigits($0) }
    }
  }

  /// The registry's batch (docs/device-protocol.md): heading `name,model,room,gateway,labels`.
  package var registryCSV: String {
    devices.reduce(into: "name,model,room,gateway,labels\n") { text, device in
      let label = device.room == nil ? "\(device.floor)F" : "virtual"
      text += "\(device.name),\(device.kind.model),\(device.room ?? ""),\(device.gateway ?? ""),\(label)\n"
    }
  }

  /// The devices that a target names: a name, a name with `*`, `floor:8`, `room:0803`, `all`.
  package func select(_ target: String) -> [PlannedDevice] {
    if target == "all" { return devices }
    if target.hasPrefix("floor:") { return devices.filter { String($0.floor) == target.dropFirst(6) } }
    if target.hasPrefix("room:") { return devices.filter { $0.room.map { $0 == target.dropFirst(5) } ?? false } }
    return devices.filter { Self.matches(Substring($0.name), Substring(target)) }
  }

  /// Who lives in a room.
  func resident(of room: String) -> Resident { Resident(room: room, seed: seed) }

  private static func matches(_ name: Substring, _ pattern: Substring) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    if first == "*" {
      return matches(name, pattern.dropFirst()) || (!name.isEmpty && matches(name.dropFirst(), pattern))
    }
    return name.first == first && matches(name.dropFirst(), pattern.dropFirst())
  }

  private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
