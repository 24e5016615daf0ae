import Identities
import Kernel

/// Pieces of the schemas of identity certificates.
private enum IdentitySchemas {
  static let chain = Schema.choice(IdentityChain.allCases.map(\.rawValue))
  static let profile = Schema.choice(IdentityProfile.allCases.map(\.rawValue))
  static let holder = Schema.text(1...64, example: "gate-01")
  static let owner = Schema.text(1...100, example: "海清安防")
  static let dnsNames = Schema.array(.text(1...253, example: "police.example.com"), max: 16)
  static let pem = Schema.text(1...32_768, example: "-----BEGIN CERTIFICATE-----\n…")
  static let request = Schema.text(
    1...Identities.requestBytesMax, example: "-----BEGIN CERTIFICATE REQUEST-----\n…")
  static let reason = Schema.choice(IdentityRevocationReason.allCases.map(\.rawValue))
  static let days = Schema.integer(1...1_095)
}

struct IdentityAuthorityBody: Encodable, Described, Sendable {
  let id: ID<IdentityAuthority>
  let chain: IdentityChain
  let generation: Int
  let state: IdentityAuthority.State
  let certificatePEM: String
  let establishedAt: String
  let validUntil: String
  let listNumber: Int64
  let listMadeAt: String
  let listNextAt: String
  let isListBehind: Bool
  let listAddress: String?

  init(_ authority: IdentityAuthority, _ identities: Identities) {
    id = authority.id
    chain = authority.chain
    generation = authority.generation
    state = authority.state
    certificatePEM = CertificateText.pem(authority.certificate)
    establishedAt = authority.establishedAt.description
    validUntil = authority.validUntil.description
    listNumber = authority.list.number
    listMadeAt = authority.list.madeAt.description
    listNextAt = authority.list.nextAt.description
    isListBehind = authority.isListBehind
    listAddress = identities.listAddress(of: authority.id)
  }

  static let schema = Schema.named(
    "IdentityAuthority",
    .object([
      .needs("id", .id), .needs("chain", IdentitySchemas.chain, "tls: ECDSA on P-256; application: SM2."),
      .needs("generation", .count, "1 for the first of its chain, 2 for the one that follows it."),
      .needs("state", .choice(IdentityAuthority.State.allCases.map(\.rawValue))),
      .needs("certificatePEM", IdentitySchemas.pem), .needs("establishedAt", .time), .needs("validUntil", .time),
      .needs("listNumber", .count), .needs("listMadeAt", .time),
      .needs("listNextAt", .time, "By when there is the next list."),
      .needs("isListBehind", .boolean, "A revocation is not on the list yet: the key service could not be asked."),
      .may(
        "listAddress", .text(1...400, example: "https://anju.example.com/api/v1/…"),
        "As its certificates carry it; none without the server's public address."),
    ]))
}

struct IdentityAuthoritiesBody: Encodable, Described, Sendable {
  let items: [IdentityAuthorityBody]

  static let schema = Schema.named(
    "IdentityAuthorities", .object([.needs("items", .array(IdentityAuthorityBody.schema, max: 200))]))
}

struct NewIdentityAuthorityBody: Decodable, Described {
  let chain: IdentityChain
  let follows: ID<IdentityAuthority>?

  static let schema = Schema.named(
    "NewIdentityAuthority",
    .object([
      .needs("chain", IdentitySchemas.chain),
      .may("follows", .id, "The authority that issues now and is to be followed; left out for the first of a chain."),
    ]))
}

struct IdentityCertificateBody: Encodable, Described, Sendable {
  let id: ID<IdentityCertificate>
  let authority: ID<IdentityAuthority>
  let chain: IdentityChain
  let profile: IdentityProfile
  let holder: String
  let owner: String
  let dnsNames: [String]
  let serial: String
  let certificatePEM: String
  let state: String
  let issuedAt: String
  let validFrom: String
  let validUntil: String
  let revokedAt: String?
  let reason: IdentityRevocationReason?
  let renews: ID<IdentityCertificate>?

  init(_ certificate: IdentityCertificate, at now: Instant) {
    id = certificate.id
    authority = certificate.authority
    chain = certificate.chain
    profile = certificate.profile
    holder = certificate.holder
    owner = certificate.owner
    dnsNames = certificate.dnsNames
    serial = certificate.serial
    certificatePEM = certificate.pem
    state = certificate.state(at: now).rawValue
    issuedAt = certificate.issuedAt.description
    validFrom = certificate.validFrom.description
    validUntil = certificate.validUntil.description
    revokedAt = certificate.revokedAt?.description
    reason = certificate.reason
    renews = certificate.renews
  }

  static let schema = Schema.named(
    "IdentityCertificate",
    .object([
      .needs("id", .id), .needs("authority", .id), .needs("chain", IdentitySchemas.chain),
      .needs("profile", IdentitySchemas.profile), .needs("holder", IdentitySchemas.holder, "The common name."),
      .needs("owner", IdentitySchemas.owner, "Whose device or system it is."),
      .needs("dnsNames", IdentitySchemas.dnsNames),
      .needs("serial", .text(1...40, example: "4f2a"), "Hexadecimal."), .needs("certificatePEM", IdentitySchemas.pem),
      .needs("state", .choice(IdentityCertificate.State.allCases.map(\.rawValue))), .needs("issuedAt", .time),
      .needs("validFrom", .time), .needs("validUntil", .time), .may("revokedAt", .time),
      .may("reason", IdentitySchemas.reason), .may("renews", .id, "The certificate that this one follows."),
    ]))
}

struct NewIdentityCertificateBody: Decodable, Described {
  let chain: IdentityChain
  let profile: IdentityProfile
  let holder: String
  let owner: String
  let dnsNames: [String]?
  let requestPEM: String
  let days: Int?

  var new: NewIdentityCertificate {
    NewIdentityCertificate(
      chain: chain, profile: profile, holder: holder, owner: owner, dnsNames: dnsNames ?? [], request: requestPEM,
      days: days)
  }

  static let schema = Schema.named(
    "NewIdentityCertificate",
    .object([
      .needs("chain", IdentitySchemas.chain), .needs("profile", IdentitySchemas.profile),
      .needs("holder", IdentitySchemas.holder, "As the request names it, or it is refused."),
      .needs("owner", IdentitySchemas.owner, "Whose device or system it is."),
      .may("dnsNames", IdentitySchemas.dnsNames, "Of a system only; exactly those of the request."),
      .needs("requestPEM", IdentitySchemas.request, "PKCS #10 of a P-256 or SM2 key."),
      .may("days", IdentitySchemas.days, "A system's at most 398; 365 when left out."),
    ]))
}

struct IdentityRenewalBody: Decodable, Described {
  let requestPEM: String?
  let days: Int?

  static let schema = Schema.named(
    "IdentityRenewal",
    .object([
      .may("requestPEM", IdentitySchemas.request, "With a new key; the old key is kept when left out."),
      .may("days", IdentitySchemas.days),
    ]))
}

struct IdentityRevocationBody: Decodable, Described {
  let reason: IdentityRevocationReason
  let note: String

  static let schema = Schema.named(
    "IdentityRevocation",
    .object([
      .needs("reason", IdentitySchemas.reason), .needs("note", .text(1...500, example: "设备被盗"), "For the audit log."),
    ]))
}

struct IdentityVerificationBody: Decodable, Described {
  let certificatePEM: String
  let usage: IdentityUsage

  static let schema = Schema.named(
    "IdentityVerification",
    .object([
      .needs("certificatePEM", .text(1...Identities.requestBytesMax, example: "-----BEGIN CERTIFICATE-----\n…")),
      .needs("usage", .choice(IdentityUsage.allCases.map(\.rawValue)), "What it is shown for."),
    ]))
}

struct IdentityVerdictBody: Encodable, Described, Sendable {
  let isBelieved: Bool
  let fault: String?
  let certificate: IdentityCertificateBody?

  init(_ verdict: IdentityVerdict, at now: Instant) {
    isBelieved = verdict.fault == nil
    fault = verdict.fault?.rawValue
    certificate = verdict.certificate.map { IdentityCertificateBody($0, at: now) }
  }

  static let schema = Schema.named(
    "IdentityVerdict",
    .object([
      .needs("isBelieved", .boolean), .may("fault", .choice(IdentityFault.allCases.map(\.rawValue)), "Why not."),
      .may("certificate", IdentityCertificateBody.schema),
    ]))
}
