package import Kernel

/// A certificate that the platform gave to a device.
package struct DeviceCertificate: Sendable, Hashable, Codable {
  package let device: ID<Device>
  /// Hexadecimal, lower case.
  package let serial: String
  /// SHA-256 of the DER bytes, hexadecimal.
  package let fingerprint: String
  package let notBefore: Instant
  package let notAfter: Instant
  package let issuedAt: Instant
  package let revokedAt: Instant?
  /// `keyCompromise`, `superseded`, `cessationOfOperation`, `unspecified`.
  package let revocationReason: String?
}

/// A certificate just given out.
package struct IssuedCertificate: Sendable, Hashable {
  package let record: DeviceCertificate
  package let certificatePEM: String
  /// The certificate of the platform's CA, which the device trusts and sends along.
  package let authorityPEM: String
}
