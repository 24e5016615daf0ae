import CertificateAuthority
import Guomi
package import Kernel
import SQLStore

/// Why a certificate that somebody shows is not to be believed.
package enum IdentityFault: String, Sendable, Hashable, CaseIterable {
  /// Not a certificate of either kind.
  case unreadable
  /// None of this organisation's authorities issued it.
  case issuerUnknown
  case signatureInvalid
  case notYetValid
  case expired
  /// It is not for this purpose, or an authority's own.
  case usageNotAllowed
  /// It insists on an extension that is not known here.
  case extensionUnknown
  case revoked
  /// Signed with the authority's key, and not in the books: the key service's log has to be looked at.
  case unrecorded
}

/// What came of looking at a certificate.
package struct IdentityVerdict: Sendable, Hashable {
  /// nil when it is to be believed.
  package let fault: IdentityFault?
  /// As it is in the books; nil when it is not.
  package let certificate: IdentityCertificate?
}

extension Identities {
  /// Says whether to believe a certificate now: its way to the authority, its time, its purpose, and whether it was
  /// revoked, which is known here before it is on a list. Needs `identities.read`.
  ///
  /// - Parameter pem: one certificate, of either chain.
  /// - Throws: `.requestTooLarge`; what is wrong with the certificate is the answer, not an error.
  package func verify(
    _ pem: String, for usage: IdentityUsage, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityVerdict {
    try principal.may(.identitiesRead)
    guard pem.utf8.count <= Self.requestBytesMax else { throw .requestTooLarge }
    let now = work.time.now()
    let organisation = principal.organisation
    let authorities = try await work.read(IdentitiesError.self) { sql in try sql.authorities(of: organisation) }
    let shown: Shown
    do throws(IdentityFault) {
      shown = try Self.read(pem, authorities, usage, at: now.milliseconds / 1_000)
    } catch {
      return IdentityVerdict(fault: error, certificate: nil)
    }
    let record = try await work.read(IdentitiesError.self) { sql in
      try sql.identity(serial: shown.serial, of: shown.authority)
    }
    guard let record, record.der == shown.der else { return IdentityVerdict(fault: .unrecorded, certificate: nil) }
    return IdentityVerdict(fault: record.revokedAt == nil ? nil : .revoked, certificate: record)
  }

  private struct Shown {
    let authority: IdentityAuthority
    let serial: String
    let der: [UInt8]
  }

  private static func read(
    _ pem: String, _ authorities: [IdentityAuthority], _ usage: IdentityUsage, at now: Int64
  ) throws(IdentityFault) -> Shown {
    let chain: IdentityChain
    var certificate: SM2Certificate?
    do throws(SM2CertificateError) {
      certificate = try SM2Certificate(pem: pem)
      chain = .application
    } catch {
      switch error {
      case .algorithmUnsupported: chain = .tls
      case .extensionUnknown: throw .extensionUnknown
      default: throw .unreadable
      }
    }
    // Each of the chain, the newest first: what a superseded one issued is good until it ends.
    for authority in authorities where authority.chain == chain {
      do throws(IdentityFault) {
        if let certificate { return try believe(certificate, authority, usage, at: now) }
        return try believe(pem, authority, usage, at: now)
      } catch {
        guard error == .issuerUnknown else { throw error }
      }
    }
    throw .issuerUnknown
  }

  private static func believe(
    _ pem: String, _ authority: IdentityAuthority, _ usage: IdentityUsage, at now: Int64
  ) throws(IdentityFault) -> Shown {
    do throws(CertificateFault) {
      guard let issuer = try? RemoteAuthority(der: authority.certificate) else { throw CertificateFault.issuerUnknown }
      let verified = try issuer.verify(pem, at: now, usage: usage == .client ? .client : .server)
      return Shown(authority: authority, serial: verified.serial, der: verified.der)
    } catch { throw IdentityFault(error) }
  }

  private static func believe(
    _ certificate: SM2Certificate, _ authority: IdentityAuthority, _ usage: IdentityUsage, at now: Int64
  ) throws(IdentityFault) -> Shown {
    do throws(SM2CertificateError) {
      let root = try SM2Certificate(der: authority.certificate)
      let purpose: SM2CertificateExtensions.Purpose =
        usage == .client ? .clientAuthentication : .serverAuthentication
      try SM2ChainVerifier(roots: [root], revocation: .heeded).verify(certificate, at: now, purpose: purpose)
    } catch { throw IdentityFault(error) }
    guard certificate.extensions.role == .endEntity,
      certificate.extensions.keyUsage?.contains(.digitalSignature) == true
    else { throw .usageNotAllowed }
    return Shown(authority: authority, serial: certificate.serialText, der: certificate.der)
  }
}

extension IdentityFault: Error {
  init(_ fault: CertificateFault) {
    self =
      switch fault {
      case .unreadable: .unreadable
      case .issuerUnknown: .issuerUnknown
      case .signatureInvalid: .signatureInvalid
      case .notYetValid: .notYetValid
      case .expired: .expired
      case .usageNotAllowed: .usageNotAllowed
      case .extensionUnknown: .extensionUnknown
      }
  }

  init(_ error: SM2CertificateError) {
    self =
      switch error {
      case .signatureInvalid: .signatureInvalid
      case .notYetValid: .notYetValid
      case .expired: .expired
      case .usageNotAllowed, .purposeNotAllowed, .notAuthority, .pathTooLong: .usageNotAllowed
      case .extensionUnknown: .extensionUnknown
      case .issuerUnknown, .chainTooLong: .issuerUnknown
      case .revoked: .revoked
      default: .unreadable
      }
  }
}
