/// Why the authority did not do it.
public enum CertificateAuthorityError: Error, Hashable, Sendable {
  /// Not a certificate, key or request, with the library's words.
  case unreadable(String)
  case nameInvalid(String)
  /// A serial number needs 8 to 20 bytes, not all zero.
  case serialInvalid
  case validityInvalid
  case keyMismatch
  case notAnAuthority
  /// The request is not signed with the key that it asks a certificate for.
  case possessionNotProven
  /// Only P-256 and P-384 keys are taken.
  case keyTooWeak
  case requestTooLarge(bytesMax: Int)
  /// What came back signed is not signed with the authority's key.
  case signatureInvalid
  /// The certificate would outlive the authority's own.
  case outlivesAuthority
  /// A file could not be read or written: what was tried and the system's word for why not.
  case file(path: String, problem: String)
  /// Others may read the private key's file.
  case keyFileOpen(path: String)
}
