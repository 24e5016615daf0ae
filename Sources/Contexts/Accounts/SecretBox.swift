import CSodium

/// Where secrets that must be read again are sealed: a port. The local one below has its key in a file of the data
/// folder; the key service takes its place.
package protocol SecretBox: Sendable {
  /// - Parameter place: what it belongs to; it opens for the same one only.
  func seal(_ secret: [UInt8], for place: String) async throws(SecretBoxFailure) -> [UInt8]
  func open(_ sealed: [UInt8], for place: String) async throws(SecretBoxFailure) -> [UInt8]
}

/// Why a secret was not sealed or opened.
package enum SecretBoxFailure: Error, Sendable, Hashable {
  /// It does not answer: trying again helps.
  case unavailable
  /// Another key, another place, or changed bytes.
  case wrong
}

/// Seals with one key that this process holds: XChaCha20-Poly1305, the place as associated data.
package struct LocalSecretBox: SecretBox {
  package static let keyBytes = 32
  private let key: [UInt8]
  private let random: @Sendable (Int) -> [UInt8]

  /// - Parameter key: `keyBytes` bytes that nobody can guess.
  package init(key: [UInt8], random: @escaping @Sendable (Int) -> [UInt8]) {
    precondition(key.count == Self.keyBytes, "a key of another length is a fault of the program")
    self.key = key
    self.random = random
  }

  private static let nonceBytes = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
  private static let tagBytes = Int(crypto_aead_xchacha20poly1305_ietf_ABYTES)

  package func seal(_ secret: [UInt8], for place: String) async throws(SecretBoxFailure) -> [UInt8] {
    let nonce = random(Self.nonceBytes)
    let data = Array(place.utf8)
    var sealed = [UInt8](repeating: 0, count: secret.count + Self.tagBytes)
    let status = crypto_aead_xchacha20poly1305_ietf_encrypt(
      &sealed, nil, secret, UInt64(secret.count), data, UInt64(data.count), nil, nonce, key)
    guard status == 0 else { throw .wrong }
    return nonce + sealed
  }

  package func open(_ sealed: [UInt8], for place: String) async throws(SecretBoxFailure) -> [UInt8] {
    guard sealed.count >= Self.nonceBytes + Self.tagBytes else { throw .wrong }
    let (nonce, rest) = (Array(sealed.prefix(Self.nonceBytes)), Array(sealed.dropFirst(Self.nonceBytes)))
    let data = Array(place.utf8)
    var secret = [UInt8](repeating: 0, count: rest.count - Self.tagBytes)
    let status = crypto_aead_xchacha20poly1305_ietf_decrypt(
      &secret, nil, nil, rest, UInt64(rest.count), data, UInt64(data.count), nonce, key)
    guard status == 0 else { throw .wrong }
    return secret
  }
}

extension LocalSecretBox: CustomStringConvertible, CustomReflectable {
  package var description: String { "‹secret›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// How a one-time code reaches a person: a port. Its adapters speak to a gateway of text messages or mail; nothing of
/// it is logged.
package protocol Messenger: Sendable {
  /// Whether there is anything behind it.
  var isAttached: Bool { get }
  /// - Parameters:
  ///   - contact: a telephone number or a mail address.
  ///   - code: to be shown to nobody else.
  func send(code: String, to contact: String) async throws(MessengerFailure)
}

/// A code could not be handed over.
package struct MessengerFailure: Error, Sendable, Hashable {
  package init() {}
}

/// No gateway is attached yet: codes are not sent, and the other proofs remain.
package struct NoMessenger: Messenger {
  package init() {}
  package var isAttached: Bool { false }
  package func send(code: String, to contact: String) async throws(MessengerFailure) { throw MessengerFailure() }
}
