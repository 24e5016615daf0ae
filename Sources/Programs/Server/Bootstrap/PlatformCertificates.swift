package import CertificateAuthority
package import Foundation
package import Kernel

/// The platform's own authority and the server's certificate, in the data folder's `ca`.
///
/// Made at the first start; the server's certificate is made anew when it nears its end or when its names changed.
package struct PlatformCertificates: Sendable {
  package let authority: CertificateAuthority
  package let authorityCertificateFile: URL
  package let serverCertificateFile: URL
  package let serverKeyFile: URL

  /// Twenty years: every device of the estate trusts it.
  static let authorityDays = 7_305
  /// Browsers refuse more than 398 days.
  static let serverDays = 397
  /// Renewed at a start within so many days of its end; the doctor warns by the same number.
  package static let renewWithinDays: Int64 = 30

  /// Loads what is there, makes what is not.
  ///
  /// - Parameter names: the addresses and names that clients reach the server by.
  /// - Throws: `CertificateAuthorityError`, or a file's error.
  package init(
    folder: URL, names: [CertificateAuthority.ServerName], now: Instant, randomBytes: (Int) -> [UInt8]
  ) throws {
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    authorityCertificateFile = folder.appendingPathComponent("ca.pem")
    let keyFile = folder.appendingPathComponent("ca.key")
    serverCertificateFile = folder.appendingPathComponent("server.pem")
    serverKeyFile = folder.appendingPathComponent("server.key")
    let seconds = now.milliseconds / 1_000
    if FileManager.default.fileExists(atPath: keyFile.path) {
      authority = try .load(certificatePath: authorityCertificateFile.path, keyPath: keyFile.path)
    } else {
      authority = try .create(
        name: "Anju estate authority", serial: randomBytes(16), from: seconds - 3_600, days: Self.authorityDays)
      try authority.save(certificatePath: authorityCertificateFile.path, keyPath: keyFile.path)
    }
    let wanted = names.map(Self.text).sorted().joined(separator: "\n")
    guard !Self.isCurrent(folder, wanted, seconds) else { return }
    let issued = try authority.issueServer(
      names: names, serial: randomBytes(16), from: seconds - 3_600, days: Self.serverDays)
    try Self.replace(serverKeyFile, issued.privateKeyPEM, mode: 0o600)
    try Self.replace(serverCertificateFile, issued.certificate.certificatePEM, mode: 0o644)
    try Self.replace(folder.appendingPathComponent("server.names"), wanted, mode: 0o644)
  }

  private static func isCurrent(_ folder: URL, _ wanted: String, _ seconds: Int64) -> Bool {
    let names = try? String(contentsOf: folder.appendingPathComponent("server.names"), encoding: .utf8)
    guard names == wanted, let end = serverEnd(folder) else { return false }
    return end - seconds > renewWithinDays * 86_400
  }

  /// When the server's certificate ends, seconds since 1970; nil when there is none that can be read.
  package static func serverEnd(_ folder: URL) -> Int64? {
    let pem = try? String(contentsOf: folder.appendingPathComponent("server.pem"), encoding: .utf8)
    return pem.flatMap(PEM.bytes).flatMap { PeerCertificate(der: $0)?.notAfter }
  }

  /// Puts a file in the place of another in one step, so that a crash leaves one of the two.
  private static func replace(_ file: URL, _ text: String, mode: UInt32) throws {
    let new = file.path + ".new"
    unlink(new)
    try CertificateAuthority.write(text, to: new, mode: mode)
    guard rename(new, file.path) == 0 else {
      throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: file.path])
    }
  }

  private static func text(_ name: CertificateAuthority.ServerName) -> String {
    switch name {
    case .dns(let name): name
    case .ip(let address): address
    }
  }
}

/// The bytes inside a PEM text.
package enum PEM {
  /// - Returns: the DER of the first block; nil when there is none.
  package static func bytes(_ text: String) -> [UInt8]? {
    let lines = text.split(separator: "\n").drop { !$0.hasPrefix("-----BEGIN") }.dropFirst()
    let body = lines.prefix { !$0.hasPrefix("-----END") }.joined()
    return Data(base64Encoded: body).map(Array.init)
  }
}
