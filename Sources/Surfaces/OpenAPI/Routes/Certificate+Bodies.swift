import Devices
import Kernel

struct CertificateBody: Encodable, Described, Sendable {
  let device: ID<Device>
  let serial: String
  let fingerprint: String
  let notBefore: String
  let notAfter: String
  let issuedAt: String
  let revokedAt: String?
  let revocationReason: String?

  init(_ certificate: DeviceCertificate) {
    device = certificate.device
    serial = certificate.serial
    fingerprint = certificate.fingerprint
    notBefore = certificate.notBefore.description
    notAfter = certificate.notAfter.description
    issuedAt = certificate.issuedAt.description
    revokedAt = certificate.revokedAt?.description
    revocationReason = certificate.revocationReason
  }

  static let schema = Schema.named(
    "Certificate",
    .object([
      .needs("device", .id), .needs("serial", .text(1...64, example: "4f2a")),
      .needs("fingerprint", .text(1...128, example: "9f86d081")), .needs("notBefore", .time), .needs("notAfter", .time),
      .needs("issuedAt", .time), .may("revokedAt", .time), .may("revocationReason", .choice(Self.reasons)),
    ]))

  static let reasons = ["keyCompromise", "superseded", "cessationOfOperation", "unspecified"]
}

struct CertificatesBody: Encodable, Described, Sendable {
  let items: [CertificateBody]

  static let schema = Schema.named(
    "Certificates", .object([.needs("items", .array(CertificateBody.schema, max: 1_000))]))
}

struct CertificateRequestBody: Decodable, Described {
  let requestPEM: String
  let validityDays: Int?

  static let schema = Schema.named(
    "CertificateRequest",
    .object([
      .needs(
        "requestPEM", .text(1...16_384, example: "-----BEGIN CERTIFICATE REQUEST-----\n…"),
        "PKCS #10. Its subject is not read: the platform names the device itself."),
      .may("validityDays", .integer(1...3_650)),
    ]))
}

struct IssuedCertificateBody: Encodable, Described, Sendable {
  let certificate: CertificateBody
  let certificatePEM: String
  let authorityPEM: String

  init(_ issued: IssuedCertificate) {
    certificate = CertificateBody(issued.record)
    certificatePEM = issued.certificatePEM
    authorityPEM = issued.authorityPEM
  }

  static let schema = Schema.named(
    "IssuedCertificate",
    .object([
      .needs("certificate", CertificateBody.schema),
      .needs("certificatePEM", .text(1...32_768, example: "-----BEGIN CERTIFICATE-----\n…")),
      .needs("authorityPEM", .text(1...32_768, example: "-----BEGIN CERTIFICATE-----\n…"), "The platform's own CA."),
    ]))
}

struct RevocationBody: Decodable, Described {
  let reason: String

  static let schema = Schema.named(
    "Revocation", .object([.needs("reason", .choice(CertificateBody.reasons))]))
}
