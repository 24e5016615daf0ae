import CertificateAuthority
import Kernel
import TestSupport
import Testing

@testable import Devices

@Suite("Devices' certificates")
struct CertificatesTests {
  @Test("a certificate names the device that the platform meant, whatever the request says", .clause("8.8b", "9.2.2b"))
  func issue() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let issued = try await fixture.devices.issueCertificate(
      lock.id, requestPEM: try Requests.pem(), validityDays: 30, by: fixture.principal)
    #expect(issued.authorityPEM == (try fixture.authority.certificatePEM))
    #expect(issued.record.notAfter.microseconds(since: issued.record.notBefore) == 30 * 86_400_000_000)
    #expect(try await fixture.devices.certificates(lock.id, by: fixture.principal) == [issued.record])
    await #expect(throws: DevicesError.requestInvalid(problem: "it cannot be read")) {
      try await fixture.devices.issueCertificate(
        lock.id, requestPEM: "no request", validityDays: nil, by: fixture.principal)
    }
    await #expect(throws: DevicesError.requestInvalid(problem: "the certificate would outlive the authority's own")) {
      let late = try await Fixture(fresh: fixture.fresh)
      late.fresh.clock.advance(by: .seconds(7_000 * 86_400))
      _ = try await fixture.devices.issueCertificate(
        lock.id, requestPEM: try Requests.pem(), validityDays: 3_650, by: fixture.principal)
    }
  }

  @Test("a request that its key did not sign is refused, and nothing is issued", .clause("8.8b"))
  func forged() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    await #expect(throws: DevicesError.requestInvalid(problem: "it is not signed with its own key")) {
      try await fixture.devices.issueCertificate(
        lock.id, requestPEM: try TestRequests.forged(try Requests.pem()), validityDays: nil, by: fixture.principal)
    }
    #expect(try await fixture.devices.certificates(lock.id, by: fixture.principal).isEmpty)
  }

  @Test("renewal leaves the old certificate good; revoking it ends the session and lists it", .clause("8.8b"))
  func renewAndRevoke() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let first = try await fixture.devices.issueCertificate(
      lock.id, requestPEM: try Requests.pem(), validityDays: nil, by: fixture.principal)
    fixture.fresh.clock.advance(by: .seconds(1))
    let second = try await fixture.devices.issueCertificate(
      lock.id, requestPEM: try Requests.pem(), validityDays: nil, by: fixture.principal)
    #expect(try await fixture.devices.certificates(lock.id, by: fixture.principal).map(\.revokedAt) == [nil, nil])
    let revoked = try await fixture.devices.revokeCertificate(
      lock.id, serial: first.record.serial, reason: "superseded", by: fixture.principal)
    #expect(revoked.revokedAt == fixture.fresh.clock.now && revoked.revocationReason == "superseded")
    #expect(fixture.devices.revoked.contains(first.record.serial))
    #expect(!fixture.devices.revoked.contains(second.record.serial))
    #expect(fixture.sessions.ended.map(\.1) == [.certificateRevoked])
    _ = try await fixture.devices.revokeCertificate(
      lock.id, serial: first.record.serial, reason: "keyCompromise", by: fixture.principal)
    #expect(fixture.sessions.ended.count == 1)
    let list = try await fixture.devices.revocationList(by: fixture.principal)
    #expect(!list.isEmpty)
    #expect(try await fixture.kinds().filter { $0 == "certificate.revoked" }.count == 1)
    await #expect(throws: DevicesError.certificateUnknown) {
      try await fixture.devices.revokeCertificate(lock.id, serial: "ff", reason: "superseded", by: fixture.principal)
    }
  }
}
