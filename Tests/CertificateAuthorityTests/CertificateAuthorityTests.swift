import CertificateAuthority
import Crypto
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@Suite struct CertificateAuthorityTests {
  /// 2026-11-23T00:00:00Z.
  static let now: Int64 = 1_795_392_000
  static let serial: [UInt8] = Array(1...16)

  static func authority() throws -> CertificateAuthority {
    try CertificateAuthority.create(name: "Test CA", serial: serial, from: now, days: 3_650)
  }

  static func request(_ key: P256.Signing.PrivateKey = P256.Signing.PrivateKey()) throws -> String {
    let name = try DistinguishedName { CommonName("whatever the sender likes") }
    let request = try CertificateSigningRequest(
      version: .v1, subject: name, privateKey: Certificate.PrivateKey(key), attributes: .init(),
      signatureAlgorithm: .ecdsaWithSHA256)
    return try request.serializeAsPEM().pemString
  }

  @Test("a client's certificate has the subject and name that the authority chose, not those of the request")
  func clientNames() throws {
    let issued = try Self.authority().issueClient(
      requestPEM: Self.request(), commonName: "L-0001", uri: "urn:anju:device:L-0001", serial: Self.serial,
      from: Self.now, days: 365)
    let certificate = try Certificate(pemEncoded: issued.certificatePEM)
    #expect(certificate.subject == (try DistinguishedName { CommonName("L-0001") }))
    let names = try #require(try certificate.extensions.subjectAlternativeNames)
    #expect(Array(names) == [.uniformResourceIdentifier("urn:anju:device:L-0001")])
    let usages = try #require(try certificate.extensions.extendedKeyUsage)
    #expect(Array(usages) == [.clientAuth])
    #expect(try certificate.extensions.basicConstraints == .notCertificateAuthority)
  }

  @Test("the authority's signature verifies, another's does not", .clause("8.8b"))
  func signature() throws {
    let authority = try Self.authority()
    let issued = try authority.issueClient(
      requestPEM: Self.request(), commonName: "a", uri: "urn:a", serial: Self.serial, from: Self.now, days: 1)
    let certificate = try Certificate(pemEncoded: issued.certificatePEM)
    let root = try Certificate(pemEncoded: authority.certificatePEM)
    let other = try Certificate(pemEncoded: Self.authority().certificatePEM)
    #expect(root.publicKey.isValidSignature(certificate.signature, for: certificate))
    #expect(!other.publicKey.isValidSignature(certificate.signature, for: certificate))
  }

  @Test("a request that is not signed with its own key is refused")
  func possession() throws {
    let own = try CertificateSigningRequest(pemEncoded: Self.request())
    let foreign = try CertificateSigningRequest(pemEncoded: Self.request())
    let forged = try CertificateSigningRequest(
      version: own.version, subject: own.subject, publicKey: own.publicKey, attributes: own.attributes,
      signatureAlgorithm: own.signatureAlgorithm, signature: foreign.signature)
    let pem = try forged.serializeAsPEM().pemString
    let authority = try Self.authority()
    #expect(throws: CertificateAuthorityError.possessionNotProven) {
      try authority.issueClient(
        requestPEM: pem, commonName: "a", uri: "urn:a", serial: Self.serial, from: Self.now, days: 1)
    }
  }

  @Test("unreadable, oversized and weak requests are refused, each with its reason")
  func badRequests() throws {
    let authority = try Self.authority()
    func issue(_ pem: String) throws {
      _ = try authority.issueClient(
        requestPEM: pem, commonName: "a", uri: "urn:a", serial: Self.serial, from: Self.now, days: 1)
    }
    #expect(throws: CertificateAuthorityError.self) { try issue("hello") }
    #expect(throws: CertificateAuthorityError.requestTooLarge(bytesMax: 16_384)) {
      try issue(String(repeating: "A", count: 16_385))
    }
    let weak = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName("a") },
      privateKey: Certificate.PrivateKey(Curve25519.Signing.PrivateKey()), attributes: .init(),
      signatureAlgorithm: .ed25519)
    #expect(throws: CertificateAuthorityError.keyTooWeak) { try issue(weak.serializeAsPEM().pemString) }
  }

  @Test("a certificate never outlives the authority, and wrong names, serials and times are refused")
  func limits() throws {
    let authority = try Self.authority()
    let request = try Self.request()
    func issue(days: Int = 1, serial: [UInt8] = Self.serial, name: String = "a") throws {
      _ = try authority.issueClient(
        requestPEM: request, commonName: name, uri: "urn:a", serial: serial, from: Self.now, days: days)
    }
    #expect(throws: CertificateAuthorityError.outlivesAuthority) { try issue(days: 3_651) }
    #expect(throws: CertificateAuthorityError.validityInvalid) { try issue(days: 0) }
    #expect(throws: CertificateAuthorityError.serialInvalid) { try issue(serial: [1, 2, 3]) }
    #expect(throws: CertificateAuthorityError.serialInvalid) { try issue(serial: [UInt8](repeating: 0, count: 16)) }
    #expect(throws: CertificateAuthorityError.nameInvalid("")) { try issue(name: "") }
  }

  @Test("a server's certificate carries its DNS names and addresses")
  func serverNames() throws {
    let (issued, key) = try Self.authority().issueServer(
      names: [.dns("localhost"), .ip("127.0.0.1"), .ip("::1")], serial: Self.serial, from: Self.now, days: 30)
    let certificate = try Certificate(pemEncoded: issued.certificatePEM)
    let names = try #require(try certificate.extensions.subjectAlternativeNames)
    #expect(
      Array(names) == [
        .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
        .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
      ])
    let privateKey = try P256.Signing.PrivateKey(pemRepresentation: key)
    #expect(certificate.publicKey == Certificate.PublicKey(privateKey.publicKey))
    #expect(throws: CertificateAuthorityError.nameInvalid("no spaces")) {
      try Self.authority().issueServer(names: [.dns("no spaces")], serial: Self.serial, from: Self.now, days: 1)
    }
  }

  @Test("the quick reader sees what the certificate library sees")
  func peerCertificate() throws {
    let authority = try Self.authority()
    for (from, days) in [(Self.now, 1), (0, 20_000), (2_524_608_000 - 86_400, 1)] as [(Int64, Int)] {
      let long = try CertificateAuthority.create(name: "Long", serial: Self.serial, from: 0, days: 36_000)
      let issued = try long.issueClient(
        requestPEM: Self.request(), commonName: "a", uri: "urn:anju:device:a", serial: [0xff] + Self.serial,
        from: from, days: days)
      let peer = try #require(PeerCertificate(der: issued.certificateDER))
      #expect(peer.uris == ["urn:anju:device:a"])
      #expect(peer.serialText == issued.serial)
      #expect(peer.notBefore == from)
      #expect(peer.notAfter == from + Int64(days) * 86_400)
      #expect(!peer.isValid(at: from - 1) && peer.isValid(at: from) && !peer.isValid(at: peer.notAfter + 1))
    }
    let root = try PEMDocument(pemString: authority.certificatePEM)
    #expect(try #require(PeerCertificate(der: root.derBytes)).uris.isEmpty)
  }

  @Test("the quick reader survives every cut and every flipped byte")
  func peerCertificateDamaged() throws {
    let issued = try Self.authority().issueClient(
      requestPEM: Self.request(), commonName: "a", uri: "urn:anju:device:a", serial: Self.serial, from: Self.now,
      days: 1)
    let der = issued.certificateDER
    for count in 0..<der.count { #expect(PeerCertificate(der: der.prefix(count)) == nil) }
    var random = SeededRandom(seed: 7)
    for place in der.indices {
      var damaged = der
      damaged[place] ^= UInt8.random(in: 1...255, using: &random)
      _ = PeerCertificate(der: damaged)
    }
  }

  @Test("an authority is stored with a key that only its owner reads, and never overwritten")
  func files() throws {
    let folder = try TemporaryFolder("ca")
    let (certificatePath, keyPath) = (folder.path("ca.pem"), folder.path("ca.key"))
    let authority = try Self.authority()
    try authority.save(certificatePath: certificatePath, keyPath: keyPath)
    let mode = try FileManager.default.attributesOfItem(atPath: keyPath)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let loaded = try CertificateAuthority.load(certificatePath: certificatePath, keyPath: keyPath)
    #expect(try loaded.certificatePEM == authority.certificatePEM)
    #expect(throws: CertificateAuthorityError.self) {
      try authority.save(certificatePath: certificatePath, keyPath: keyPath)
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: keyPath)
    #expect(throws: CertificateAuthorityError.keyFileOpen(path: keyPath)) {
      try CertificateAuthority.load(certificatePath: certificatePath, keyPath: keyPath)
    }
    #expect(throws: CertificateAuthorityError.keyMismatch) {
      try CertificateAuthority(
        certificatePEM: authority.certificatePEM, privateKeyPEM: Self.authority().privateKeyPEM)
    }
  }

  @Test("a revocation list is signed by the authority and names each serial with its reason")
  func revocationList() throws {
    let authority = try Self.authority()
    let list = try authority.revocationList(
      number: 5,
      revoked: [
        .init(serial: "00ff10", at: Self.now, reason: .keyCompromise),
        .init(serial: "ff", at: Self.now, reason: .unspecified),
      ], thisUpdate: Self.now, nextUpdate: Self.now + 86_400)
    let root = try DER.parse(list)
    guard case .constructed(let children) = root.content else { throw CertificateAuthorityError.serialInvalid }
    let parts = Array(children)
    try #require(parts.count == 3)
    let signature = try ASN1BitString(derEncoded: parts[2])
    let publicKey = try #require(
      P256.Signing.PublicKey(try Certificate(pemEncoded: authority.certificatePEM).publicKey))
    let ecdsa = try P256.Signing.ECDSASignature(derRepresentation: signature.bytes)
    #expect(publicKey.isValidSignature(ecdsa, for: parts[0].encodedBytes))
    #expect(list.firstRange(of: [0x02, 0x03, 0x00, 0xff, 0x10]) != nil)
    #expect(list.firstRange(of: [0x02, 0x02, 0x00, 0xff]) != nil)
    #expect(list.firstRange(of: [0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01, 0x01]) != nil)
  }
}
