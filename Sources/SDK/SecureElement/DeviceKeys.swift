/// What a device's protocol needs of whatever holds its keys (docs/device-keys.md): a secure element, or in a device
/// without one its own memory (`DeviceKit.OwnKeys`).
///
/// - Source: clauses 9.4 b, 9.4 d and 9.4 e.
public protocol DeviceKeys: Sendable {
  /// Says whose answers count as the platform's: an SM2 key, x963. Once in a life; only `wipe` ends it.
  func trust(platform key: [UInt8]) async throws(SecureElementError)
  /// What goes to the platform so that it gives this device its key (`KeyLadder.ProvisioningRequest`).
  func provisioningRequest(device: [UInt8]) async throws(SecureElementError) -> [UInt8]
  /// Takes the platform's answer: the device key is in the element from now on.
  ///
  /// - Returns: the check value that goes back.
  func provision(_ answer: [UInt8]) async throws(SecureElementError) -> [UInt8]
  /// The first message of renewing the communication key (`KeyLadder.KeyRenewalRequest`).
  ///
  /// - Parameter epochStart: seconds since 1970 UTC, on a day's beginning.
  func beginRenewal(epochStart: UInt64) async throws(SecureElementError) -> [UInt8]
  /// Takes the platform's answer; the new key is kept.
  ///
  /// - Returns: the message that goes back.
  func finishRenewal(_ answer: [UInt8]) async throws(SecureElementError) -> [UInt8]

  /// Offers a session under the communication key (`KeyLadder.SessionOffer`).
  ///
  /// - Parameter isEphemeral: signed ephemeral Diffie-Hellman besides; false for the constrained way.
  func offerSession(isEphemeral: Bool) async throws(SecureElementError) -> ElementOffer
  /// Takes the platform's answer.
  ///
  /// - Returns: the message that goes back; the session then has the number of the offer.
  func finishSession(_ number: UInt32, answer: [UInt8]) async throws(SecureElementError) -> [UInt8]
  /// Protects a message of a session.
  func protect(
    _ message: [UInt8], context: [UInt8], session: UInt32
  ) async throws(SecureElementError) -> [UInt8]
  /// Opens a message of a session, once.
  func unprotect(
    _ message: [UInt8], context: [UInt8], session: UInt32
  ) async throws(SecureElementError) -> [UInt8]
  /// Forgets a session or an offer.
  func endSession(_ number: UInt32) async throws(SecureElementError)
}
