import Foundation
import TestSupport
import Testing

@testable import Guomi

@Suite("SM2 certificates and the openssl program understand each other", .clause("8.8b"))
struct SM2OpenSSLTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: folder.path(name)))
  }

  private func read(_ name: String) throws -> String {
    try String(contentsOf: URL(filePath: folder.path(name)), encoding: .utf8)
  }

  private func openssl(_ arguments: String...) async throws -> ChildProgram.Outcome {
    try await ChildProgram.run(ChildProgram.Order("openssl", arguments, folder: folder.url.path))
  }

  private static let id = "distid:1234567812345678"

  @Test("it verifies our chain, and finds ours to be wrong where it is")
  func ours() async throws {
    let all = try SM2Hierarchy()
    try write("root", all.root.pem)
    try write("middle", all.middle.pem)
    try write("leaf", all.leaf.pem)
    // One step at a time: the program tells libcrypto the distinguishing id of the certificate in question only.
    func verify(
      _ certificate: String, under issuer: String, at: Int64 = SM2Hierarchy.now
    ) async throws -> ChildProgram.Outcome {
      try await openssl(
        "verify", "-x509_strict", "-partial_chain", "-attime", "\(at)", "-vfyopt", Self.id, "-CAfile", issuer,
        certificate)
    }
    for (certificate, issuer) in [("leaf", "middle"), ("middle", "root")] {
      let good = try await verify(certificate, under: issuer)
      #expect(good.isSuccess, "\(good)")
    }
    let late = try await verify("leaf", under: "middle", at: SM2Hierarchy.start + SM2Hierarchy.year + 1)
    #expect(!late.isSuccess && late.output.contains("expired"), "\(late)")
    let signature = try all.middleKey.sign([1], random: all.random)
    try write("forged", PEM.encode(SM2Signed.frame(all.leaf.signedPart, signature), label: "CERTIFICATE"))
    #expect(try await verify("forged", under: "middle").output.contains("signature failure"))
    let text = try await openssl("x509", "-in", "leaf", "-noout", "-text")
    for part in ["SM2-with-SM3", "CA:FALSE", "Digital Signature", "URI:urn:anju:device:1", "TLS Web Client"] {
      #expect(text.output.contains(part), "\(text)")
    }
  }

  @Test("it reads our request and our revocation list")
  func ourRequest() async throws {
    let all = try SM2Hierarchy()
    let request = try SM2CertificateRequest(
      subject: SM2Name(commonName: "x"), names: [.dns("a.example")], key: all.leafKey, random: all.random)
    try write("request", request.pem)
    let checked = try await openssl("req", "-in", "request", "-verify", "-noout", "-vfyopt", Self.id)
    #expect(checked.isSuccess && checked.output.contains("OK"), "\(checked)")
    let entry = SM2RevocationList.Entry(serial: [1, 2, 3], at: SM2Hierarchy.start, reason: .keyCompromise)
    try write("list", try all.list(of: all.middle, revoking: [entry]).pem)
    let shown = try await openssl("crl", "-in", "list", "-noout", "-text")
    for part in ["SM2-with-SM3", "Serial Number: 010203", "Key Compromise"] {
      #expect(shown.output.contains(part), "\(shown)")
    }
  }

  @Test("we verify its certificates, and its requests")
  func theirs() async throws {
    for name in ["root", "leaf"] {
      let made = try await openssl("genpkey", "-algorithm", "SM2", "-out", "\(name).key")
      #expect(made.isSuccess, "\(made)")
    }
    let root = try await openssl(
      "req", "-new", "-x509", "-key", "root.key", "-sm3", "-sigopt", Self.id, "-subj", "/C=CN/O=anju/CN=root", "-days",
      "30", "-addext", "keyUsage=critical,keyCertSign", "-out", "root.pem")
    #expect(root.isSuccess, "\(root)")
    let request = try await openssl(
      "req", "-new", "-key", "leaf.key", "-sm3", "-sigopt", Self.id, "-subj", "/CN=leaf", "-addext",
      "subjectAltName=DNS:a.example,IP:127.0.0.1", "-out", "leaf.request")
    #expect(request.isSuccess, "\(request)")
    let leaf = try await openssl(
      "x509", "-req", "-in", "leaf.request", "-vfyopt", Self.id, "-CA", "root.pem", "-CAkey", "root.key", "-sm3",
      "-sigopt", Self.id, "-days", "20", "-CAcreateserial", "-copy_extensions", "copy", "-out", "leaf.pem")
    #expect(leaf.isSuccess, "\(leaf)")

    let asked = try SM2CertificateRequest(pem: try read("leaf.request"))
    #expect(asked.subject.commonName == "leaf")
    #expect(asked.names == [.dns("a.example"), .ip([127, 0, 0, 1])])
    let (above, below) = (try SM2Certificate(pem: try read("root.pem")), try SM2Certificate(pem: try read("leaf.pem")))
    #expect(below.key == asked.key)
    let verifier = SM2ChainVerifier(roots: [above], revocation: .heeded)
    #expect(try verifier.verify(below, at: below.notBefore, purpose: .clientAuthentication) == [below, above])
  }
}
