package import Foundation
package import DeviceKit

/// The folder of a building's credentials: `ca.crt`, `devices.csv`, and `<name>.crt` with `<name>.key` for each device
/// that holds a connection of its own.
package struct BuildingFolder: Sendable {
  package let url: URL

  package init(_ url: URL) { self.url = url }

  /// The authority that the devices trust.
  package func trust() throws -> DeviceTrust { try DeviceTrust(authorityPEM: read("ca.crt")) }

  /// A device's certificate and key.
  package func credentials(of device: String, trust: DeviceTrust) throws -> DeviceCredentials {
    try DeviceCredentials(
      certificatePEM: read("\(device).crt"), privateKeyPEM: read("\(device).key"), trust: trust)
  }

  /// Whether a device is enrolled here.
  package func holds(_ device: String) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent("\(device).crt").path)
      && FileManager.default.fileExists(atPath: url.appendingPathComponent("\(device).key").path)
  }

  /// The file that names the devices whose keys are in the rack of elements.
  private static let keyedName = "keyed.txt"

  /// The devices that were given keys at the factory.
  package var keyed: Set<String> {
    guard let bytes = try? read(Self.keyedName) else { return [] }
    return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
  }

  /// Notes which devices have keys.
  ///
  /// - Throws: `BuildingError.unwritable`.
  package func note(keyed: Set<String>) throws {
    try write(keyed.sorted().map { $0 + "\n" }.joined(), Self.keyedName)
  }

  func read(_ name: String) throws -> [UInt8] {
    let file = url.appendingPathComponent(name)
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw BuildingError.missing(file.path)
    }
    return Array(data)
  }

  /// Writes a file that only its owner reads.
  func write(_ text: String, _ name: String) throws {
    let path = url.appendingPathComponent(name).path
    guard FileManager.default.createFile(
      atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw BuildingError.unwritable(path) }
  }
}

/// Why a building can not be run.
package enum BuildingError: Error, Hashable, Sendable, CustomStringConvertible {
  case missing(String)
  case unwritable(String)
  /// The authority did not answer for this device.
  case notSigned(String)

  package var description: String {
    switch self {
    case .missing(let path): "missing or unreadable: \(path)"
    case .unwritable(let path): "can not be written: \(path)"
    case .notSigned(let device): "no certificate came for \(device)"
    }
  }
}
