import CertificateAuthority
import Crypto
import Foundation
import Kernel
import LoadGenerator
import Server
import SwiftASN1
import X509

/// An authority, a server's certificate for both peers, and one certificate a device.
struct BenchCertificates {
  let folder: URL
  /// The authority's certificate, DER.
  let authority: [UInt8]
  let identities: [LoadPlan.Identity]

  var authorityFile: URL { folder.appendingPathComponent("ca.pem") }
  var serverCertificateFile: URL { folder.appendingPathComponent("server.pem") }
  var serverKeyFile: URL { folder.appendingPathComponent("server.key") }

  init(folder: URL, devices: Int) throws {
    self.folder = folder
    let platform = try PlatformCertificates(
      folder: folder, names: [.ip("127.0.0.1"), .dns("localhost")], now: SystemSources.time.now(),
      randomBytes: SystemSources.randomBytes)
    authority = PEM.bytes(try platform.authority.certificatePEM) ?? []
    let now = SystemSources.time.now().milliseconds / 1_000
    identities = try (0..<devices).map { number in
      let key = P256.Signing.PrivateKey()
      let name = LoadPlan.deviceName(number)
      let request = try CertificateSigningRequest(
        version: .v1, subject: DistinguishedName { CommonName(name) }, privateKey: .init(key),
        attributes: .init())
      let issued = try platform.authority.issueClient(
        requestPEM: request.serializeAsPEM().pemString, commonName: name, uri: "urn:anju:device:\(name)",
        serial: SystemSources.randomBytes(16), from: now - 3_600, days: 30)
      return LoadPlan.Identity(certificate: issued.certificateDER, privateKey: [UInt8](key.derRepresentation))
    }
  }
}
