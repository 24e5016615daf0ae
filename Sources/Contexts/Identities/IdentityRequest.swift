import CertificateAuthority
import Guomi
import Kernel

/// A request for a certificate whose sender proved to hold its key, of either kind.
struct IdentityRequest: Sendable {
  enum Source: Sendable {
    case tls(CertificateRequest)
    case application(SM2.PublicPoint)
  }

  let source: Source
  /// The common name it asks for.
  let holder: String?
  let dnsNames: Set<String>
  let asksOtherNames: Bool
  /// SM3 of the key's point.
  let keyDigest: [UInt8]

  /// Reads a request and checks that it is signed with its own key.
  ///
  /// - Throws: `.requestTooLarge`, `.requestForged`, `.requestInvalid`.
  init(_ pem: String, _ chain: IdentityChain) throws(IdentitiesError) {
    guard pem.utf8.count <= Identities.requestBytesMax else { throw .requestTooLarge }
    switch chain {
    case .tls:
      let request: CertificateRequest
      do { request = try CertificateRequest(pem: pem) } catch { throw IdentitiesError(error) }
      self.init(
        .tls(request), holder: request.commonName, dnsNames: request.dnsNames,
        asksOtherNames: request.asksOtherNames, point: request.publicKey)
    case .application:
      let request: SM2CertificateRequest
      do { request = try SM2CertificateRequest(pem: pem) } catch { throw IdentitiesError(error) }
      let names = request.subject.attributes.filter { $0.kind == .commonName }
      let dnsNames = request.names.compactMap { name in if case .dns(let text) = name { text } else { nil } }
      self.init(
        .application(request.key), holder: names.count == 1 ? names[0].text : nil, dnsNames: dnsNames,
        asksOtherNames: dnsNames.count != request.names.count, point: request.key.x963)
    }
  }

  /// The key of a certificate that is renewed: possession was proven by the request it came from.
  init(renewing certificate: IdentityCertificate) throws(IdentitiesError) {
    do {
      switch certificate.chain {
      case .tls:
        let request = try CertificateRequest(renewing: certificate.der)
        self.init(
          .tls(request), holder: certificate.holder, dnsNames: certificate.dnsNames, asksOtherNames: false,
          point: request.publicKey)
      case .application:
        let key = try SM2Certificate(der: certificate.der).key
        self.init(
          .application(key), holder: certificate.holder, dnsNames: certificate.dnsNames, asksOtherNames: false,
          point: key.x963)
      }
    } catch { throw .store(.broken) }
  }

  private init(_ source: Source, holder: String?, dnsNames: [String], asksOtherNames: Bool, point: [UInt8]) {
    self.source = source
    self.holder = holder
    self.dnsNames = Set(dnsNames)
    self.asksOtherNames = asksOtherNames
    keyDigest = SM3.hash(point).bytes
  }

  /// What somebody asks for must be what they are to get: nothing is left out or put in silently.
  ///
  /// - Throws: `.requestMismatch`.
  func check(holder: String, dnsNames: [String]) throws(IdentitiesError) {
    guard self.holder == holder else { throw .requestMismatch(field: "holder") }
    guard self.dnsNames == Set(dnsNames), !asksOtherNames else { throw .requestMismatch(field: "dnsNames") }
  }
}

extension IdentitiesError {
  init(_ error: CertificateAuthorityError) {
    self =
      switch error {
      case .possessionNotProven: .requestForged
      case .requestTooLarge: .requestTooLarge
      case .keyTooWeak: .requestInvalid(problem: "has a key that is not on P-256")
      default: .requestInvalid(problem: "cannot be read as PKCS #10 of a P-256 key")
      }
  }

  init(_ error: SM2CertificateError) {
    self =
      switch error {
      case .possessionNotProven: .requestForged
      case .tooLarge: .requestTooLarge
      case .algorithmUnsupported, .keyInvalid: .requestInvalid(problem: "is not of an SM2 key, signed with SM3")
      default: .requestInvalid(problem: "cannot be read as PKCS #10 of an SM2 key")
      }
  }
}
