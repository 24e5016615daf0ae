import Audit
import CertificateAuthority
package import Kernel
import SQLStore

extension Devices {
  /// A device certificate's days when nothing else is asked for; a device renews long before.
  package static let certificateDaysDefault = 1_095

  /// What a device's certificate says of itself (docs/device-protocol.md).
  package static let certificateNamePrefix = "urn:anju:device:"

  /// The device's certificates, newest first; needs `devices.read`.
  package func certificates(
    _ id: ID<Device>, by principal: Principal
  ) async throws(DevicesError) -> [DeviceCertificate] {
    try principal.may(.devicesRead)
    return try await work.read(DevicesError.self) { sql in
      _ = try sql.device(id, for: .devicesRead, principal)
      return try sql.certificates(of: id, organisation: principal.organisation)
    }
  }

  /// Signs a certificate for the device, its first or the next one (renewal): the old one stays good until it ends or
  /// is revoked, so that the device can change over; needs `devices.write`.
  ///
  /// - Parameters:
  ///   - requestPEM: PKCS #10; its subject is not read, the platform names the device itself.
  ///   - validityDays: 1 to 3,650; nil for three years.
  /// - Throws: `.requestInvalid`, `.decommissioned`, `.fieldInvalid`.
  package func issueCertificate(
    _ id: ID<Device>, requestPEM: String, validityDays: Int?, by principal: Principal
  ) async throws(DevicesError) -> IssuedCertificate {
    try principal.may(.devicesWrite)
    let signer = try signer(days: validityDays)
    let serial = randomBytes(16)
    return try await work.run(DevicesError.self) { unit in
      let device = try unit.sql.device(id, for: .devicesWrite, principal).device
      return try signer.issue(to: device, requestPEM, serial: serial, in: unit, by: principal)
    }
  }

  /// Requests of one call of `issueCertificates`.
  package static let certificateRequestsMax = 1_000

  /// Signs the certificates of many devices, all or none: for a building that is put into service; needs
  /// `devices.write`.
  ///
  /// - Parameter requests: PKCS #10 in PEM by the devices' names, at most `certificateRequestsMax`.
  /// - Throws: `.deviceUnknown`, and those of `issueCertificate`.
  package func issueCertificates(
    _ requests: [(device: String, requestPEM: String)], by principal: Principal
  ) async throws(DevicesError) -> [String: IssuedCertificate] {
    try principal.may(.devicesWrite)
    guard requests.count <= Self.certificateRequestsMax else {
      throw .fieldInvalid(field: "requests", problem: "must be at most \(Self.certificateRequestsMax)")
    }
    let signer = try signer(days: nil)
    let serials = requests.map { _ in randomBytes(16) }
    return try await work.run(DevicesError.self) { unit in
      var issued: [String: IssuedCertificate] = [:]
      for (request, serial) in zip(requests, serials) {
        guard let named = try unit.sql.device(named: request.device)?.device else { throw DevicesError.deviceUnknown }
        let device = try unit.sql.device(named.id, for: .devicesWrite, principal).device
        issued[request.device] = try signer.issue(
          to: device, request.requestPEM, serial: serial, in: unit, by: principal)
      }
      return issued
    }
  }

  private func signer(days: Int?) throws(DevicesError) -> Signer {
    guard let authority else { throw .requestInvalid(problem: "the platform's authority is not in this process") }
    let days = days ?? Self.certificateDaysDefault
    guard (1...3_650).contains(days) else {
      throw .fieldInvalid(field: "validityDays", problem: "must lie within 1 and 3650")
    }
    return Signer(authority: authority, days: days)
  }

  /// Revokes a certificate: the device's session ends at once, here and in the other processes; needs `devices.write`.
  ///
  /// - Parameter reason: `unspecified`, `keyCompromise`, `affiliationChanged`, `superseded`, `cessationOfOperation`.
  package func revokeCertificate(
    _ id: ID<Device>, serial: String, reason: String, by principal: Principal
  ) async throws(DevicesError) -> DeviceCertificate {
    try principal.may(.devicesWrite)
    guard CertificateAuthority.RevocationReason(word: reason) != nil else {
      throw .fieldInvalid(field: "reason", problem: "is not a reason of RFC 5280 that is used here")
    }
    let (certificate, device, serials) = try await work.run(DevicesError.self) { unit in
      let device = try unit.sql.device(id, for: .devicesWrite, principal).device
      let serials = try unit.revoke(serial: serial, of: device, reason: reason)
      try unit.audit(
        .delete, "device.certificate", id, by: principal, because: reason, .plain("serial", serial))
      return (try unit.sql.certificate(serial, of: id, organisation: device.organisation), device, serials)
    }
    revoked.insert(serials)
    if !serials.isEmpty { links.sessions?.end(device.number, because: .certificateRevoked) }
    return certificate
  }

  /// The list of revoked certificates (CRL), DER, signed by the CA, good for a day; needs `devices.read`.
  package func revocationList(by principal: Principal) async throws(DevicesError) -> [UInt8] {
    try principal.may(.devicesRead)
    guard let authority else { throw .requestInvalid(problem: "the platform's authority is not in this process") }
    return try await work.run(DevicesError.self) { unit in
      let now = unit.now.milliseconds / 1_000
      let revoked = try unit.sql.revokedCertificates(at: unit.now).map { certificate in
        CertificateAuthority.Revoked(
          serial: certificate.serial, at: (certificate.revokedAt ?? unit.now).milliseconds / 1_000,
          reason: certificate.revocationReason.flatMap(CertificateAuthority.RevocationReason.init(word:))
            ?? .unspecified)
      }
      // Milliseconds as the list's number: each list's is greater than those before.
      return try authority.revocationList(
        number: unit.now.milliseconds, revoked: revoked, thisUpdate: now, nextUpdate: now + 86_400)
    }
  }

}

/// Signs devices' requests and keeps a record of each.
private struct Signer: Sendable {
  let authority: CertificateAuthority
  let days: Int

  func issue(
    to device: Device, _ requestPEM: String, serial: [UInt8], in unit: Unit, by principal: Principal
  ) throws -> IssuedCertificate {
    guard device.status != .decommissioned else { throw DevicesError.decommissioned }
    let issued = try sign(requestPEM, for: device, serial: serial, at: unit.now)
    let record = DeviceCertificate(
      device: device.id, serial: issued.serial, fingerprint: issued.fingerprint,
      notBefore: Instant(microseconds: issued.notBefore * 1_000_000),
      notAfter: Instant(microseconds: issued.notAfter * 1_000_000), issuedAt: unit.now, revokedAt: nil,
      revocationReason: nil)
    try unit.sql.insert(record, organisation: device.organisation)
    try unit.record(CertificateIssued(device: device.id, serial: issued.serial), organisation: device.organisation)
    try unit.audit(.create, "device.certificate", device.id, by: principal, .plain("serial", issued.serial))
    return IssuedCertificate(
      record: record, certificatePEM: issued.certificatePEM, authorityPEM: try authority.certificatePEM)
  }

  private func sign(
    _ requestPEM: String, for device: Device, serial: [UInt8], at now: Instant
  ) throws(DevicesError) -> CertificateAuthority.Issued {
    do {
      // An hour back, for a device whose clock is a little behind.
      return try authority.issueClient(
        requestPEM: requestPEM, commonName: device.name.description,
        uri: Devices.certificateNamePrefix + device.name.description, serial: serial,
        from: now.milliseconds / 1_000 - 3_600, days: days)
    } catch {
      throw .requestInvalid(problem: Self.words(error))
    }
  }

  private static func words(_ error: CertificateAuthorityError) -> String {
    switch error {
    case .possessionNotProven: "it is not signed with its own key"
    case .keyTooWeak: "its key is not P-256 or P-384"
    case .requestTooLarge(let bytesMax): "it has more than \(bytesMax) bytes"
    case .outlivesAuthority: "the certificate would outlive the authority's own"
    default: "it cannot be read"
    }
  }
}

extension CertificateAuthority.RevocationReason {
  /// The word of RFC 5280 for each.
  init?(word: String) {
    switch word {
    case "unspecified": self = .unspecified
    case "keyCompromise": self = .keyCompromise
    case "affiliationChanged": self = .affiliationChanged
    case "superseded": self = .superseded
    case "cessationOfOperation": self = .cessationOfOperation
    default: return nil
    }
  }
}
