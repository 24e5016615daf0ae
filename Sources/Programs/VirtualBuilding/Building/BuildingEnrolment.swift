import DeviceKit
import Foundation

/// Enrols a whole building at once: each device makes its key and asks for a certificate; who signs is passed in, so
/// that a platform can enrol the building in its own process.
///
/// ```swift
/// try await BuildingEnrolment(plan: plan, folder: folder).enrol(authorityPEM: ca) { requests in
///   try await enrolment.sign(requests)
/// }
/// ```
package struct BuildingEnrolment: Sendable {
  /// A device's wish for a certificate.
  package struct Request: Hashable, Sendable {
    package let device: String
    /// PKCS #10, PEM.
    package let pem: String
  }

  private let plan: BuildingPlan
  private let folder: BuildingFolder

  package init(plan: BuildingPlan, folder: BuildingFolder) {
    self.plan = plan
    self.folder = folder
  }

  /// Whether every device that needs one has a certificate already.
  package var isComplete: Bool { plan.connected.allSatisfy { folder.holds($0.name) } }

  /// Makes keys and requests, has them signed in one call, writes the folder. Devices that are enrolled are left alone.
  ///
  /// - Parameters:
  ///   - authorityPEM: the certificate of the authority that the devices are to trust.
  ///   - sign: gives each request's certificate in PEM, by the device's name.
  /// - Throws: what `sign` throws; `BuildingError` when a certificate is missing or the folder can not be written.
  package func enrol(
    authorityPEM: String, sign: ([Request]) async throws -> [String: String]
  ) async throws {
    try FileManager.default.createDirectory(
      at: folder.url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try folder.write(authorityPEM, "ca.crt")
    try folder.write(plan.registryCSV, "devices.csv")
    let waiting = plan.connected.filter { !folder.holds($0.name) }
    guard !waiting.isEmpty else { return }
    var keys: [String: DeviceKey] = [:]
    var requests: [Request] = []
    for device in waiting {
      let key = DeviceKey()
      keys[device.name] = key
      requests.append(Request(device: device.name, pem: try key.certificateRequest(device: device.name)))
    }
    let certificates = try await sign(requests)
    for (device, key) in keys {
      guard let certificate = certificates[device] else { throw BuildingError.notSigned(device) }
      try folder.write(key.pem, "\(device).key")
      try folder.write(certificate, "\(device).crt")
    }
  }
}
