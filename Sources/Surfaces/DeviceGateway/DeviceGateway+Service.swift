import Devices
import Kernel
import Logging
import MQTT
package import NIOSSL
import ServiceLifecycle

extension DeviceGateway: Service {
  /// Ends the sessions whose certificates end, until the program stops; then closes all connections. Listening begins
  /// with `listen`.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await self.time.sleep(for: .seconds(self.options.certificateCheckSeconds))
        self.endExpired()
      }
    }
    await close()
  }

  /// Ends the sessions whose certificates have ended.
  package func endExpired() {
    for connection in registry.expired(at: time.now()) {
      logger.notice(
        "session ended with its certificate", metadata: ["device.number": "\(connection.number.value)"])
      connection.session.close(.notAuthorized)
    }
  }

  /// TLS 1.3 with mutual certificates.
  ///
  /// - Parameters:
  ///   - certificatePEM: the server's certificate, and the ones between it and its root, if any.
  ///   - keyPEM: its private key.
  ///   - authorityPEM: the CA that signs the devices' certificates.
  package static func tls(
    certificatePEM: String, keyPEM: String, authorityPEM: String
  ) throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
    let authority = try NIOSSLCertificate.fromPEMBytes(Array(authorityPEM.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv13
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates(authority)
    return try NIOSSLContext(configuration: configuration)
  }
}
