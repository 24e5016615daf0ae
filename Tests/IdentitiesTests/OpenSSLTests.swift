import Foundation
import Kernel
import TestSupport
import Testing

@testable import Identities

@Suite("The openssl program and ours agree on identity certificates", .clause("8.8b"), .timeLimit(.minutes(5)))
struct OpenSSLTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: folder.path(name)))
  }

  private func openssl(_ arguments: String...) async throws -> ChildProgram.Outcome {
    try await ChildProgram.run(ChildProgram.Order("openssl", arguments, folder: folder.url.path))
  }

  private static let id = "distid:1234567812345678"

  private func writeList(_ authority: IdentityAuthority) async throws {
    try Data(authority.list.der).write(to: URL(filePath: folder.path("list.der")))
    let made = try await openssl("crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem")
    #expect(made.isSuccess, "\(made)")
  }

  @Test("it believes a certificate on the TLS chain with the list, and not once it is revoked")
  func tls() async throws {
    let desk = try await Desk()
    // Its own request: made by others, read by us.
    let made = try await openssl(
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-subj",
      "/CN=police", "-addext", "subjectAltName=DNS:police.example", "-out", "request.pem")
    #expect(made.isSuccess, "\(made)")
    let request = try String(contentsOf: URL(filePath: folder.path("request.pem")), encoding: .utf8)
    let certificate = try await desk.issue(
      .tls, "police", profile: .system, dnsNames: ["police.example"], request: request)
    try write("leaf.pem", certificate.pem)
    try write("root.pem", CertificateText.pem(try await desk.authority(.tls).certificate))
    try await writeList(try await desk.authority(.tls))
    let now = desk.fresh.clock.now.milliseconds / 1_000
    func verify(_ purpose: String, at: Int64 = now) async throws -> ChildProgram.Outcome {
      try await openssl(
        "verify", "-x509_strict", "-crl_check", "-purpose", purpose, "-attime", "\(at)", "-CAfile", "root.pem",
        "-CRLfile", "list.pem", "leaf.pem")
    }
    for purpose in ["sslclient", "sslserver"] {
      let good = try await verify(purpose)
      #expect(good.isSuccess, "\(good)")
    }
    let mail = try await verify("smimesign")
    #expect(!mail.isSuccess, "\(mail)")
    let late = try await verify("sslclient", at: now + 8 * 86_400)
    #expect(!late.isSuccess && late.output.contains("CRL has expired"), "\(late)")
    _ = try await desk.identities.revoke(certificate.id, reason: .keyCompromise, note: "stolen", by: desk.principal)
    try await writeList(try await desk.authority(.tls))
    let revoked = try await verify("sslclient", at: now + 1)
    #expect(!revoked.isSuccess && revoked.output.contains("certificate revoked"), "\(revoked)")
    let text = try await openssl("crl", "-in", "list.pem", "-noout", "-text", "-CAfile", "root.pem")
    for part in ["verify OK", "Key Compromise", certificate.serial.uppercased(), "X509v3 CRL Number"] {
      #expect(text.output.contains(part), "\(text)")
    }
  }

  @Test("it reads the application chain's certificate and list, and finds the signatures right")
  func application() async throws {
    let desk = try await Desk()
    let key = try await openssl("genpkey", "-algorithm", "SM2", "-out", "sm2.key")
    #expect(key.isSuccess, "\(key)")
    let made = try await openssl(
      "req", "-new", "-key", "sm2.key", "-sm3", "-sigopt", Self.id, "-subj", "/CN=gate-01", "-out", "request.pem")
    #expect(made.isSuccess, "\(made)")
    let request = try String(contentsOf: URL(filePath: folder.path("request.pem")), encoding: .utf8)
    let certificate = try await desk.issue(.application, request: request)
    try write("leaf.pem", certificate.pem)
    try write("root.pem", CertificateText.pem(try await desk.authority(.application).certificate))
    let now = desk.fresh.clock.now.milliseconds / 1_000
    let good = try await openssl(
      "verify", "-x509_strict", "-purpose", "sslclient", "-attime", "\(now)", "-vfyopt", Self.id, "-CAfile", "root.pem",
      "leaf.pem")
    #expect(good.isSuccess, "\(good)")
    let shown = try await openssl("x509", "-in", "leaf.pem", "-noout", "-text")
    for part in ["SM2-with-SM3", "CA:FALSE", "Digital Signature, Non Repudiation", "URI:urn:anju:identity:"] {
      #expect(shown.output.contains(part), "\(shown)")
    }
    _ = try await desk.identities.revoke(certificate.id, reason: .privilegeWithdrawn, note: "x", by: desk.principal)
    try await writeList(try await desk.authority(.application))
    // The program can not be told the distinguishing id of a list: it is read, not verified (ours is, elsewhere).
    let list = try await openssl("crl", "-in", "list.pem", "-noout", "-text")
    for part in ["SM2-with-SM3", "Privilege Withdrawn", certificate.serial.uppercased()] {
      #expect(list.output.contains(part), "\(list)")
    }
  }
}
