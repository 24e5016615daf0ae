import CertificateAuthority
import Guomi
import Kernel
import TestSupport
import Testing

@testable import Identities

@Suite("A certificate that somebody shows", .clause("8.8b", "8.1"), .timeLimit(.minutes(5)))
struct VerifyTests {
  @Test("is not believed before its time, after it, or for another purpose", arguments: IdentityChain.allCases)
  func timeAndPurpose(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let certificate = try await desk.issue(chain, days: 10)
    #expect(try await desk.verdict(certificate, for: .server) == .usageNotAllowed)
    let now = desk.fresh.clock.now
    desk.fresh.clock.set(now.advanced(by: .seconds(-3_600)))
    #expect(try await desk.verdict(certificate) == .notYetValid)
    desk.fresh.clock.set(now.advanced(by: .seconds(10 * 86_400)))
    #expect(try await desk.verdict(certificate) == .expired)
  }

  @Test("is not believed when a bit of it was changed", arguments: IdentityChain.allCases)
  func changed(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let certificate = try await desk.issue(chain)
    // A letter of the holder's name, in the signed part.
    var der = certificate.der
    let name = Array("gate-01".utf8)
    let start = try #require(der.firstRange(of: name)?.upperBound)
    der[start - 1] = UInt8(ascii: "9")
    let verdict = try await desk.identities.verify(CertificateText.pem(der), for: .client, by: desk.principal)
    #expect(verdict == IdentityVerdict(fault: .signatureInvalid, certificate: nil))
  }

  @Test("is not believed when another authority issued it, or it is an authority's", arguments: IdentityChain.allCases)
  func others(chain: IdentityChain) async throws {
    let (desk, other) = (try await Desk(), try await Desk(seed: 32))
    let foreign = try await other.issue(chain)
    // Both desks' organisations have the same id, so the authorities the same name: the key tells, by its id or by the
    // signature.
    let fault = try #require(try await desk.verdict(foreign))
    #expect([.signatureInvalid, .issuerUnknown].contains(fault))
    let authority = try await desk.authority(chain)
    let own = try await desk.identities.verify(
      CertificateText.pem(authority.certificate), for: .client, by: desk.principal)
    #expect(own.fault == .usageNotAllowed)
    let empty = try await Desk(established: false)
    #expect(try await empty.verdict(foreign) == .issuerUnknown)
  }

  @Test("is not believed when the authority's key signed it and it is in no book", arguments: IdentityChain.allCases)
  func unrecorded(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let issuer = try IdentityIssuer(try await desk.authority(chain))
    let draft = try issuer.draft(
      IdentityIssuer.Contents(
        request: try IdentityRequest(try desk.request(chain, "x"), chain), profile: .device, holder: "x", dnsNames: [],
        uri: "urn:x", serial: desk.identities.newSerial(), from: Identities.validFrom(desk.fresh.clock.now), days: 5))
    let signature = try await desk.identities.keys.sign(
      draft.toBeSigned, chain, generation: 1, of: desk.fresh.organisation)
    let signed = try draft.signed(with: signature)
    let verdict = try await desk.identities.verify(CertificateText.pem(signed.der), for: .client, by: desk.principal)
    #expect(verdict.fault == .unrecorded)
  }

  @Test("can not make others", arguments: IdentityChain.allCases)
  func notAnIssuer(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let leaf = try await desk.issue(chain)
    switch chain {
    case .tls: #expect(throws: CertificateAuthorityError.notAnAuthority) { try RemoteAuthority(der: leaf.der) }
    case .application:
      let key = try SM2.SigningKey.generate(random: desk.source)
      #expect(throws: SM2CertificateError.self) {
        try SM2CertificateDraft(
          subject: try SM2Name([.init(.commonName, "below")]), key: key.verifyingKey.point,
          extensions: SM2CertificateExtensions(), issuer: try SM2Certificate(der: leaf.der),
          serial: desk.identities.newSerial(), notBefore: Identities.validFrom(desk.fresh.clock.now),
          notAfter: Identities.validFrom(desk.fresh.clock.now) + 60)
      }
    }
  }

  @Test("is not believed when it is none, and refused when it is too long")
  func garbage() async throws {
    let desk = try await Desk()
    for text in ["", "x", CertificateText.pem([]), CertificateText.pem([0x30, 0x00]), CertificateText.pem([1, 2, 3])] {
      let verdict = try await desk.identities.verify(text, for: .client, by: desk.principal)
      #expect(verdict.fault == .unreadable, "\(text)")
    }
    let long = String(repeating: "A", count: Identities.requestBytesMax + 1)
    await #expect(throws: IdentitiesError.requestTooLarge) {
      try await desk.identities.verify(long, for: .client, by: desk.principal)
    }
  }
}
