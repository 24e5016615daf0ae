import Crypto
import SwiftASN1
import X509

/// A certificate that its issuer has still to sign: `toBeSigned` goes to whoever holds the key, as a key service, and
/// its signature comes back to `signed`.
public struct CertificateDraft: Sendable {
  public let toBeSigned: [UInt8]
  private let issuerKey: Certificate.PublicKey

  init(_ unsigned: UnsignedCertificate, issuerKey: Certificate.PublicKey) throws(CertificateAuthorityError) {
    // The library writes the body only together with a signature: this key's is thrown away at once.
    let signed = try CertificateAuthority.wrapping {
      try Certificate(
        version: .v3, serialNumber: unsigned.serial, publicKey: unsigned.key,
        notValidBefore: unsigned.validity.notBefore, notValidAfter: unsigned.validity.notAfter,
        issuer: unsigned.issuer, subject: unsigned.subject, signatureAlgorithm: .ecdsaWithSHA256,
        extensions: unsigned.extensions, issuerPrivateKey: Certificate.PrivateKey(P256.Signing.PrivateKey()))
    }
    toBeSigned = Array(signed.tbsCertificateBytes)
    self.issuerKey = issuerKey
  }

  /// The finished certificate.
  ///
  /// - Parameter signature: ECDSA with SHA-256, DER.
  /// - Throws: `.signatureInvalid` when it is not the issuer's: a mistake of the signer never gets out.
  public func signed(
    with signature: [UInt8]
  ) throws(CertificateAuthorityError) -> CertificateAuthority.Issued {
    let certificate = try CertificateAuthority.wrapping {
      try Certificate(derEncoded: SignedBody.frame(toBeSigned, signature))
    }
    guard issuerKey.isValidSignature(certificate.signature, for: certificate) else { throw .signatureInvalid }
    return try CertificateAuthority.issued(certificate)
  }
}

/// Everything in a certificate but its signature.
struct UnsignedCertificate {
  let subject: DistinguishedName
  let key: Certificate.PublicKey
  let issuer: DistinguishedName
  let serial: Certificate.SerialNumber
  let validity: CertificateAuthority.Validity
  let extensions: Certificate.Extensions
}

/// The frame that certificates and revocation lists share: body, algorithm, signature.
enum SignedBody {
  static func frame(_ body: [UInt8], _ signature: [UInt8]) throws -> [UInt8] {
    var whole = DER.Serializer()
    try whole.appendConstructedNode(identifier: .sequence) { coder throws in
      coder.serializeRawBytes(body)
      try coder.serialize(SignatureIdentifier())
      try coder.serialize(ASN1BitString(bytes: ArraySlice(signature)))
    }
    return whole.serializedBytes
  }
}
