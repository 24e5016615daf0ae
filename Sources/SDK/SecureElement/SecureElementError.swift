/// Why a call was refused or failed. A code and nothing else: no text, no size, no place, so that no secret can slip
/// out.
public enum SecureElementError: UInt8, Error, Hashable, Sendable, CaseIterable {
  /// The request is cut off, too long, or has a value that does not exist.
  case malformed = 1
  /// Another version of the protocol.
  case version = 2
  /// No such call.
  case unknownCall = 3
  /// No such slot, session or exchange; or one of another caller.
  case missing = 4
  /// The key is not for this use, or the algorithm can not do it.
  case usage = 5
  /// The key is disabled.
  case disabled = 6
  /// All slots, sessions or exchanges are taken.
  case full = 7
  /// What came was changed, or is of another key.
  case notAuthentic = 8
  /// A protected message came a second time, or too late.
  case replayed = 9
  /// The order of calls is wrong: no platform, no device key, no communication key, or one that is set already.
  case sequence = 10
  /// A self-test failed: nothing works until the element is started anew.
  case selfTest = 11
  /// The random generator is out of order.
  case randomness = 12
  /// The store can not be written; nothing was changed.
  case storage = 13
  /// The key or session has done as much as is safe.
  case wornOut = 14
  /// Something inside went wrong.
  case inside = 15
  /// The element can not be reached, or its answer is none. Never on the wire.
  case unavailable = 254
  /// Too many calls wait. Never on the wire.
  case busy = 255
}
