/// What can be wrong with a certificate, a request for one, a chain or a revocation list.
public enum SM2CertificateError: Error, Equatable {
  /// Not strict DER of the right shape, or not PEM.
  case malformed(String)
  case tooLarge(byteCountMax: Int)
  /// Not signed with SM2 and SM3.
  case algorithmUnsupported
  /// The key is no point of the SM2 curve.
  case keyInvalid
  /// A request is not signed with the key it names.
  case possessionNotProven
  /// A signature is not the issuer's. The name is that of who should have been vouched for.
  case signatureInvalid(subject: String)
  case notYetValid(subject: String)
  case expired(subject: String)
  /// Somebody signed a certificate who is no authority.
  case notAuthority(subject: String)
  /// A key was used for what its certificate does not allow.
  case usageNotAllowed(subject: String)
  /// More authorities follow each other than one above allows.
  case pathTooLong(subject: String)
  /// The certificate is not for this purpose.
  case purposeNotAllowed(subject: String)
  /// No known certificate issued this one.
  case issuerUnknown(issuer: String)
  /// The way to a trusted root is longer, or the search for it wider, than the limits.
  case chainTooLong
  case revoked(serial: String, reason: SM2RevocationList.Reason)
  /// There is no list of the issuer that is valid now, so that nobody knows.
  case revocationUnknown(issuer: String)
  /// An extension that must be understood is not.
  case extensionUnknown(String)
  /// A validity that ends before it begins, or after that of the authority.
  case validityInvalid
  /// A serial number has 8 to 20 bytes and is not 0.
  case serialInvalid
  /// A name is empty, too long, or has letters that do not belong into it.
  case nameInvalid(String)
  case signing(SM2Error)
}
