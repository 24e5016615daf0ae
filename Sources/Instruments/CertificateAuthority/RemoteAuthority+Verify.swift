import FoundationEssentials
import SwiftASN1
import X509

/// Why a certificate is not believed.
public enum CertificateFault: Error, Sendable, Hashable {
  /// Not a certificate.
  case unreadable
  /// Another authority issued it, or nobody known.
  case issuerUnknown
  case signatureInvalid
  case notYetValid
  case expired
  /// It is an authority's, or not for this purpose.
  case usageNotAllowed
  /// It insists on an extension that is not known here.
  case extensionUnknown(String)
}

extension RemoteAuthority {
  /// A certificate that this authority issued and that is good now, revocation aside.
  public struct Verified: Sendable, Hashable {
    /// Hexadecimal, lower case, as `CertificateAuthority.Issued` gives it.
    public let serial: String
    public let der: [UInt8]
  }

  /// Says whether to believe a certificate; whether it is revoked its user has to ask elsewhere.
  ///
  /// - Parameters:
  ///   - pem: one certificate.
  ///   - now: seconds since 1970.
  ///   - usage: what it is shown for.
  /// - Source: RFC 5280, section 6, for a chain of two.
  public func verify(_ pem: String, at now: Int64, usage: Usage) throws(CertificateFault) -> Verified {
    guard pem.utf8.count <= CertificateAuthority.requestBytesMax, let shown = try? Certificate(pemEncoded: pem),
      let document = try? shown.serializeAsPEM()
    else { throw .unreadable }
    guard shown.issuer == certificate.subject else { throw .issuerUnknown }
    guard certificate.publicKey.isValidSignature(shown.signature, for: shown) else { throw .signatureInvalid }
    let moment = Date(timeIntervalSince1970: Double(now))
    for one in [certificate, shown] {
      guard one.notValidBefore <= moment else { throw .notYetValid }
      guard moment <= one.notValidAfter else { throw .expired }
    }
    try checkExtensions(shown, usage)
    return Verified(serial: hexadecimal(shown.serialNumber.bytes), der: document.derBytes)
  }

  private func checkExtensions(_ shown: Certificate, _ usage: Usage) throws(CertificateFault) {
    let known: [X509ExtensionName] = [.basicConstraints, .keyUsage, .purposes, .names]
    for one in shown.extensions where one.critical && !known.contains(where: { $0.rawValue == "\(one.oid)" }) {
      throw .extensionUnknown("\(one.oid)")
    }
    guard let constraints = try? shown.extensions.basicConstraints, case .notCertificateAuthority = constraints,
      let keyUsage = try? shown.extensions.keyUsage, keyUsage.digitalSignature,
      let purposes = try? shown.extensions.extendedKeyUsage, purposes.contains(usage.id)
    else { throw .usageNotAllowed }
  }

  /// Extensions that may be critical, by their ids.
  private enum X509ExtensionName: String {
    case keyUsage = "2.5.29.15"
    case names = "2.5.29.17"
    case basicConstraints = "2.5.29.19"
    case purposes = "2.5.29.37"
  }
}
