import NIOSSL

/// Where the platform is and how to speak to it.
public struct DeviceOptions: Sendable {
  /// Which version of MQTT.
  public enum Version: Sendable, Hashable {
    case v311, v5
  }

  /// A host name or an IP address; its certificate must name it.
  public var host: String
  public var port: Int
  public var version = Version.v5
  /// How often the connection proves that it lives; seconds, 10 to 3600.
  public var keepAliveSeconds: UInt16 = 60
  /// What the device shows and what it trusts; nil speaks without TLS: for a bench only.
  public var credentials: DeviceCredentials?
  /// The first connection waits up to so long, so that a building does not come in one second.
  public var startSpreadMilliseconds: Int64 = 0
  public var backoff = Backoff()
  public var outbox = Outbox.Limits()

  public init(host: String, port: Int, credentials: DeviceCredentials?) {
    self.host = host
    self.port = port
    self.credentials = credentials
  }
}

/// A device's certificate and key, and the authority that it trusts. Devices of one process share the authority.
public struct DeviceCredentials: Sendable {
  private let chain: [NIOSSLCertificateSource]
  private let key: NIOSSLPrivateKeySource
  private let trust: DeviceTrust

  /// - Parameters:
  ///   - certificatePEM: the device's certificate, then any between it and the authority.
  ///   - privateKeyPEM: its private key.
  /// - Throws: an error of NIOSSL when they can not be read.
  public init(certificatePEM: [UInt8], privateKeyPEM: [UInt8], trust: DeviceTrust) throws {
    chain = try NIOSSLCertificate.fromPEMBytes(certificatePEM).map { .certificate($0) }
    key = .privateKey(try NIOSSLPrivateKey(bytes: privateKeyPEM, format: .pem))
    self.trust = trust
  }

  /// TLS 1.3, the platform's name checked, our certificate shown.
  func context() throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv13
    configuration.trustRoots = .certificates(trust.certificates)
    configuration.certificateChain = chain
    configuration.privateKey = key
    return try NIOSSLContext(configuration: configuration)
  }
}

/// The authorities whose platforms a device speaks to.
public struct DeviceTrust: Sendable {
  let certificates: [NIOSSLCertificate]

  /// - Parameter authorityPEM: one certificate or more.
  /// - Throws: an error of NIOSSL when it can not be read.
  public init(authorityPEM: [UInt8]) throws { certificates = try NIOSSLCertificate.fromPEMBytes(authorityPEM) }
}
