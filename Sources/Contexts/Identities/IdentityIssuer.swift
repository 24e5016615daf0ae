import CertificateAuthority
import Guomi
import Kernel

/// An authority at work: it drafts, the key service signs, it checks what came back.
enum IdentityIssuer: Sendable {
  case tls(RemoteAuthority)
  case application(SM2Certificate)

  /// What is to stand in a certificate.
  struct Contents: Sendable {
    let request: IdentityRequest
    let profile: IdentityProfile
    let holder: String
    let dnsNames: [String]
    let uri: String
    let serial: [UInt8]
    /// Seconds since 1970.
    let from: Int64
    let days: Int
    /// Where the authority's list is; nil to say nothing of it.
    var listAddress: String?
  }

  init(_ authority: IdentityAuthority) throws(IdentitiesError) {
    do {
      self =
        switch authority.chain {
        case .tls: .tls(try RemoteAuthority(der: authority.certificate))
        case .application: .application(try SM2Certificate(der: authority.certificate))
        }
    } catch { throw .store(.broken) }
  }

  func draft(_ contents: Contents) throws(IdentitiesError) -> IdentityDraft {
    do {
      switch (self, contents.request.source) {
      case (.tls(let authority), .tls(let request)):
        let usages = contents.profile.usages(names: contents.dnsNames)
        return .tls(
          try authority.draft(
            request, commonName: contents.holder, dnsNames: contents.dnsNames, uri: contents.uri,
            usages: Set(usages.map { $0 == .client ? .client : .server }), serial: contents.serial,
            from: contents.from, days: contents.days, listAddress: contents.listAddress))
      case (.application(let issuer), .application(let key)):
        return .application(
          try SM2CertificateDraft(
            subject: try SM2Name([.init(.commonName, contents.holder)]), key: key,
            extensions: Self.extensions(contents), issuer: issuer, serial: contents.serial,
            notBefore: contents.from, notAfter: contents.from + Int64(contents.days) * 86_400))
      default: throw IdentitiesError.store(.broken)
      }
    } catch CertificateAuthorityError.outlivesAuthority, SM2CertificateError.validityInvalid {
      throw .outlivesAuthority
    } catch { throw .store(.broken) }
  }

  private static func extensions(_ contents: Contents) -> SM2CertificateExtensions {
    var extensions = SM2CertificateExtensions()
    extensions.keyUsage = [.digitalSignature, .nonRepudiation]
    extensions.purposes = Set(
      contents.profile.usages(names: contents.dnsNames).map {
        $0 == .client ? .clientAuthentication : .serverAuthentication
      })
    extensions.revocationListAddress = contents.listAddress
    extensions.names = contents.dnsNames.map { .dns($0) } + [.uri(contents.uri)]
    return extensions
  }

  /// An authority's own certificate.
  ///
  /// - Parameter publicKey: 65 bytes (X9.63).
  static func root(
    _ chain: IdentityChain, name: String, publicKey: [UInt8], serial: [UInt8], from: Int64
  ) throws(IdentitiesError) -> IdentityDraft {
    do {
      switch chain {
      case .tls:
        return .tls(
          try RemoteAuthority.rootDraft(
            name: name, publicKey: publicKey, serial: serial, from: from, days: IdentityAuthority.days))
      case .application:
        return .application(
          try SM2CertificateDraft(
            root: try SM2Name([.init(.commonName, name)]), key: try SM2.PublicPoint(x963: publicKey),
            pathLengthMax: 0, serial: serial, notBefore: from,
            notAfter: from + Int64(IdentityAuthority.days) * 86_400))
      }
    } catch { throw .signatureWrong }
  }
}

/// What is still to be signed.
enum IdentityDraft: Sendable {
  case tls(CertificateDraft)
  case application(SM2CertificateDraft)

  struct Signed: Sendable {
    let der: [UInt8]
    /// Hexadecimal, lower case.
    let serial: String
    let validFrom: Instant
    let validUntil: Instant
  }

  var toBeSigned: [UInt8] {
    switch self {
    case .tls(let draft): draft.toBeSigned
    case .application(let draft): draft.toBeSigned
    }
  }

  /// - Throws: `.signatureWrong` when the signature is not the authority's.
  func signed(with signature: [UInt8]) throws(IdentitiesError) -> Signed {
    do {
      switch self {
      case .tls(let draft):
        let issued = try draft.signed(with: signature)
        return Signed(
          der: issued.certificateDER, serial: issued.serial,
          validFrom: Instant(microseconds: issued.notBefore * 1_000_000),
          validUntil: Instant(microseconds: issued.notAfter * 1_000_000))
      case .application(let draft):
        let certificate = try draft.signed(with: try SM2.Signature(der: signature[...]))
        return Signed(
          der: certificate.der, serial: certificate.serialText,
          validFrom: Instant(microseconds: certificate.notBefore * 1_000_000),
          validUntil: Instant(microseconds: certificate.notAfter * 1_000_000))
      }
    } catch { throw .signatureWrong }
  }
}

/// A revoked certificate, as a list has it.
struct RevokedIdentity: Sendable {
  let serial: String
  let at: Instant
  let reason: IdentityRevocationReason
}

extension IdentityIssuer {
  /// A revocation list: what to sign, and what makes a list of the signature.
  func list(
    number: Int64, revoked: [RevokedIdentity], thisUpdate: Int64, nextUpdate: Int64
  ) throws(IdentitiesError) -> (toBeSigned: [UInt8], signed: @Sendable ([UInt8]) throws -> [UInt8]) {
    do {
      switch self {
      case .tls(let authority):
        let draft = try authority.revocationListDraft(
          number: number,
          revoked: revoked.map { .init(serial: $0.serial, at: $0.at.milliseconds / 1_000, reason: $0.reason.tls) },
          thisUpdate: thisUpdate, nextUpdate: nextUpdate)
        return (draft.toBeSigned, { try draft.signed(with: $0) })
      case .application(let issuer):
        let draft = try SM2RevocationList.Draft(
          issuer: issuer, number: UInt64(number),
          entries: revoked.map {
            .init(serial: Self.bytes($0.serial), at: $0.at.milliseconds / 1_000, reason: $0.reason.application)
          }, thisUpdate: thisUpdate, nextUpdate: nextUpdate)
        return (draft.toBeSigned, { try draft.signed(with: try SM2.Signature(der: $0[...])).der })
      }
    } catch { throw .store(.broken) }
  }

  /// The bytes of a hexadecimal text of our own making.
  private static func bytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}

extension IdentityRevocationReason {
  fileprivate var tls: CertificateAuthority.RevocationReason {
    switch self {
    case .keyCompromise: .keyCompromise
    case .affiliationChanged: .affiliationChanged
    case .superseded: .superseded
    case .cessationOfOperation: .cessationOfOperation
    case .privilegeWithdrawn: .privilegeWithdrawn
    case .unspecified: .unspecified
    }
  }

  fileprivate var application: SM2RevocationList.Reason {
    switch self {
    case .keyCompromise: .keyCompromise
    case .affiliationChanged: .affiliationChanged
    case .superseded: .superseded
    case .cessationOfOperation: .cessationOfOperation
    case .privilegeWithdrawn: .privilegeWithdrawn
    case .unspecified: .unspecified
    }
  }
}
