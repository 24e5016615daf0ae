package import DeviceKit
package import Foundation
import Glibc

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
    isWritten("\(device).crt") && isWritten("\(device).key")
  }

  /// A power cut may leave a file empty that nobody waited for: it is written again.
  private func isWritten(_ name: String) -> Bool {
    var status = stat()
    return stat(url.appendingPathComponent(name).path, &status) == 0 && status.st_size > 0
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

  /// Writes a file that only its owner reads. Who reads it meanwhile, or after a kill, finds it as it was before or
  /// whole. It is not waited for: a building has more than a thousand, and after a power cut `holds` tells.
  func write(_ text: String, _ name: String) throws {
    let path = url.appendingPathComponent(name).path
    let file = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw BuildingError.unwritable(path) }
    let isWritten = Self.write(Array(text.utf8), to: file)
    guard close(file) == 0, isWritten, rename(path + ".new", path) == 0 else { throw BuildingError.unwritable(path) }
  }

  private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
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
