import COpenSSL
import Glibc

/// OpenSSL's client side: TLS 1.3 only, the server's certificate checked, one certificate a device.
final class ClientTLS {
  private let context: OpaquePointer

  /// - Parameter authority: the certificate, DER, that the server's must be issued by.
  /// - Throws: `LoadError.tls` when OpenSSL refuses.
  init(authority: [UInt8]) throws(LoadError) {
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw .tls("no context") }
    self.context = context
    // SSL_CTX_set_min_proto_version and SSL_CTX_set_mode are macros over these calls.
    SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_3_VERSION), nil)
    let mode = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
    SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(mode), nil)
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    guard let certificate = Self.certificate(authority),
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1
    else { throw .tls("the authority's certificate cannot be read") }
    X509_free(certificate)
  }

  deinit { SSL_CTX_free(context) }

  /// A session on a socket, its certificate set, its handshake not yet begun.
  func session(_ identity: LoadPlan.Identity, socket: Int32) throws(LoadError) -> OpaquePointer {
    guard let session = SSL_new(context) else { throw .tls("no session") }
    let certificateSet = SSL_use_certificate_ASN1(session, identity.certificate, Int32(identity.certificate.count))
    let keySet = SSL_use_PrivateKey_ASN1(
      EVP_PKEY_EC, session, identity.privateKey, Int(identity.privateKey.count))
    guard certificateSet == 1, keySet == 1, SSL_set_fd(session, socket) == 1 else {
      SSL_free(session)
      throw .tls("the device's certificate or key cannot be read")
    }
    return session
  }

  private static func certificate(_ der: [UInt8]) -> OpaquePointer? {
    der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return d2i_X509(nil, &cursor, bytes.count)
    }
  }
}
