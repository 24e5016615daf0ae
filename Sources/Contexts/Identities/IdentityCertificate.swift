package import Kernel

/// A certificate that says who a third party's device or system is.
///
/// - Source: clause 8.8 b.
package struct IdentityCertificate: Sendable, Hashable {
  /// Whether others may rely on it.
  package enum State: String, Sendable, Hashable, CaseIterable {
    case valid
    /// Ends within `expiringDays`.
    case expiring
    case expired
    case revoked
  }

  /// From how many days before its end a certificate counts as expiring.
  package static let expiringDays: Int64 = 30

  package let id: ID<IdentityCertificate>
  package let organisation: ID<Organisation>
  package let authority: ID<IdentityAuthority>
  package let chain: IdentityChain
  package let profile: IdentityProfile
  /// Its common name: letters, digits, `.`, `_`, `-`.
  package let holder: String
  /// Whose device or system it is, in words.
  package let owner: String
  package let dnsNames: [String]
  /// Hexadecimal, lower case.
  package let serial: String
  package let der: [UInt8]
  /// SM3 of the public key's point.
  let keyDigest: [UInt8]
  package let issuedAt: Instant
  package let validFrom: Instant
  package let validUntil: Instant
  package let revokedAt: Instant?
  package let reason: IdentityRevocationReason?
  /// The certificate that this one follows.
  package let renews: ID<IdentityCertificate>?

  package func state(at now: Instant) -> State {
    if revokedAt != nil { return .revoked }
    if validUntil < now { return .expired }
    return validUntil < now.advanced(by: .seconds(Self.expiringDays * 86_400)) ? .expiring : .valid
  }

  /// Text of 64 columns between two lines.
  package var pem: String { CertificateText.pem(der) }

  /// The name that no other certificate's holder has, in its subject alternative names.
  static func uri(_ id: ID<IdentityCertificate>) -> String { "urn:anju:identity:\(id)" }

  /// Whether a holder may be called so: it stands in certificates and in file names.
  static func isHolder(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && name.utf8.allSatisfy { isLetterOrDigit($0) || ".-_".utf8.contains($0) }
  }

  /// Whether it is a host's full name in small letters; no wildcards.
  static func isDNSName(_ name: String) -> Bool {
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard name.utf8.count <= 253, labels.count >= 2 else { return false }
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy { (isLetterOrDigit($0) && !(0x41...0x5a).contains($0)) || $0 == UInt8(ascii: "-") }
    }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }
}

/// What is asked for when a certificate is to be issued.
package struct NewIdentityCertificate: Sendable {
  package let chain: IdentityChain
  package let profile: IdentityProfile
  /// As the request names it, or it is refused.
  package let holder: String
  package let owner: String
  /// As the request names them, or it is refused.
  package let dnsNames: [String]
  /// PKCS #10, PEM.
  package let request: String
  /// nil for the profile's own.
  package let days: Int?

  package init(
    chain: IdentityChain, profile: IdentityProfile, holder: String, owner: String, dnsNames: [String] = [],
    request: String, days: Int? = nil
  ) {
    self.chain = chain
    self.profile = profile
    self.holder = holder
    self.owner = owner
    self.dnsNames = dnsNames
    self.request = request
    self.days = days
  }
}

/// The text form of a certificate.
package enum CertificateText {
  /// - Source: RFC 7468.
  package static func pem(_ der: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: der.count, by: 3) {
      let part = der[start..<min(start + 3, der.count)]
      let word = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - part.count))
      for digit in 0..<4 {
        text.append(digit <= part.count ? alphabet[Int(word >> (18 - 6 * digit) & 63)] : UInt8(ascii: "="))
      }
      if text.count % 65 == 64 { text.append(UInt8(ascii: "\n")) }
    }
    if text.last != UInt8(ascii: "\n") { text.append(UInt8(ascii: "\n")) }
    return "-----BEGIN CERTIFICATE-----\n\(String(decoding: text, as: UTF8.self))-----END CERTIFICATE-----\n"
  }
}
