import Kernel
import SQLStore

extension SQLConnection {
  func insert(_ certificate: DeviceCertificate, organisation: ID<Organisation>) throws {
    try execute(
      """
      INSERT INTO device_certificate (organisation, device, serial, fingerprint, not_before, not_after, issued_at)
      VALUES (\(organisation), \(certificate.device), \(certificate.serial), \(certificate.fingerprint),
        \(certificate.notBefore), \(certificate.notAfter), \(certificate.issuedAt))
      """)
  }

  /// Newest first; at most 100.
  func certificates(of device: ID<Device>, organisation: ID<Organisation>) throws -> [DeviceCertificate] {
    try rows(
      """
      SELECT device, serial, fingerprint, not_before, not_after, issued_at, revoked_at, reason FROM device_certificate
      WHERE organisation = \(organisation) AND device = \(device) ORDER BY issued_at DESC, serial LIMIT 100
      """
    ).map { try DeviceCertificate($0) }
  }

  /// - Throws: `DevicesError.certificateUnknown`.
  func certificate(
    _ serial: String, of device: ID<Device>, organisation: ID<Organisation>
  ) throws -> DeviceCertificate {
    let row = try row(
      """
      SELECT device, serial, fingerprint, not_before, not_after, issued_at, revoked_at, reason FROM device_certificate
      WHERE organisation = \(organisation) AND device = \(device) AND serial = \(serial)
      """)
    guard let row else { throw DevicesError.certificateUnknown }
    return try DeviceCertificate(row)
  }

  /// Revokes one certificate, or all of a device that are still good.
  ///
  /// - Returns: the serials that were good until now.
  func revoke(
    serial: String?, of device: ID<Device>, organisation: ID<Organisation>, at now: Instant, reason: String
  ) throws -> [String] {
    var sql: SQL = """
      UPDATE device_certificate SET revoked_at = \(now), reason = \(reason)
      WHERE organisation = \(organisation) AND device = \(device) AND revoked_at IS NULL
      """
    if let serial { sql += " AND serial = \(serial)" }
    return try rows(sql + " RETURNING serial").map { try $0.text("serial") }
  }

  /// All revoked certificates of the platform that have not ended by themselves; at most `rowsMax`.
  func revokedCertificates(at now: Instant) throws -> [DeviceCertificate] {
    try rows(
      """
      SELECT device, serial, fingerprint, not_before, not_after, issued_at, revoked_at, reason FROM device_certificate
      WHERE revoked_at IS NOT NULL AND not_after >= \(now) ORDER BY revoked_at, serial LIMIT \(Self.rowsMax)
      """
    ).map { try DeviceCertificate($0) }
  }
}

extension DeviceCertificate {
  fileprivate init(_ row: SQLRow) throws {
    self.init(
      device: try row.id("device"), serial: try row.text("serial"), fingerprint: try row.text("fingerprint"),
      notBefore: try row.instant("not_before"), notAfter: try row.instant("not_after"),
      issuedAt: try row.instant("issued_at"), revokedAt: try row.optionalInstant("revoked_at"),
      revocationReason: try row.optionalText("reason"))
  }
}
