public import Guomi

/// Keys from keys, one a device: root → device key → communication key → session keys.
///
/// Each step is SP 800-108 in counter mode with HMAC-SM3, 256 bits; the secret is always in the key's place, what the
/// key is bound to in the context, and LP(x) is two bytes of length, then x. Whoever has one device's keys has nothing
/// of another's, and nothing of the root.
///
/// - Source: clauses 9.4 d and 9.4 e.
public enum KeyLadder {
  /// Bytes of a key of every step.
  public static let keyByteCount = 32
  /// Bytes of a random contribution to a device key.
  public static let deviceRandomByteCount = 32
  /// Bytes of a random contribution to a communication or session key.
  public static let randomByteCount = 16
  /// Bytes of a device's or a secure element's id.
  public static let idByteCountRange = 1...128

  /// Whom a device key belongs to.
  public struct Holder: Hashable, Sendable {
    /// The secure element that keeps the key; nil where the device keeps it itself.
    public let element: [UInt8]?
    public let device: [UInt8]

    /// - Throws: `.id` unless both have 1 to 128 bytes.
    public init(element: [UInt8]?, device: [UInt8]) throws(KeyLadderError) {
      guard KeyLadder.idByteCountRange.contains(device.count) else { throw .id }
      if let element, !KeyLadder.idByteCountRange.contains(element.count) { throw .id }
      self.element = element
      self.device = device
    }
  }

  /// The key of one device, which its life long is the ground of all its others.
  ///
  /// - Parameters:
  ///   - root: of devices with a secure element, or of those without; the two are different keys.
  ///   - random: 32 bytes that the device or its element made; the platform keeps them, never the key.
  /// - Throws: `.length` for a root or a random of another length.
  public static func deviceKey(
    root: SecretBytes, holder: Holder, random: [UInt8]
  ) throws(KeyLadderError) -> SecretBytes {
    guard root.count == keyByteCount, random.count == deviceRandomByteCount else { throw .length }
    let device: [UInt8] = prefixed(holder.device) + random
    guard let element = holder.element else { return derive(root, "LZGY-DK0-1", device) }
    return derive(root, "LZGY-DK-1", prefixed(element) + device)
  }

  /// The key under which a device and the platform speak for one epoch.
  ///
  /// - Parameters:
  ///   - epoch: when it begins.
  ///   - platformRandom, deviceRandom: 16 bytes each.
  /// - Throws: `.length`, `.id`.
  public static func communicationKey(
    deviceKey: SecretBytes, device: [UInt8], epoch: KeyEpoch, platformRandom: [UInt8], deviceRandom: [UInt8]
  ) throws(KeyLadderError) -> SecretBytes {
    guard deviceKey.count == keyByteCount, platformRandom.count == randomByteCount,
      deviceRandom.count == randomByteCount
    else { throw .length }
    guard idByteCountRange.contains(device.count) else { throw .id }
    let context: [UInt8] = prefixed(device) + epoch.bytes + platformRandom + deviceRandom
    return derive(deviceKey, "LZGY-CK-1", context)
  }

  /// Eight bytes that tell whether two sides have the same key, and nothing of the key.
  public static func checkValue(_ key: SecretBytes) -> [UInt8] {
    derive(key, "LZGY-KCV-1", []).withUnsafeBytes { Array($0.prefix(8)) }
  }

  static func derive(_ key: SecretBytes, _ label: StaticString, _ context: [UInt8], bytes: Int = 32) -> SecretBytes {
    label.withUTF8Buffer { KBKDF.derive(secret: key, label: $0, context: context, byteCount: bytes) }
  }

  /// LP(x). The ids are bounded before (`idByteCountRange`), so that the length fits.
  static func prefixed(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
  }
}

/// Why a key was not made, a session not begun or a message not opened. None says anything of a key.
public enum KeyLadderError: Error, Hashable, Sendable {
  /// An id is empty or too long.
  case id
  /// A key or a random contribution has another length.
  case length
  /// A message is cut off, too long, or of an unknown version, kind or suite.
  case malformed
  /// The epoch is not the present one or a neighbour of it: the sender's clock is wrong, or the message is old.
  case epoch
  /// The other side does not have the key it should have, or the message was changed on its way.
  case notAuthentic
  /// A message of this number has come already, or it is older than is remembered.
  case replayed
  /// A message of another session.
  case session
  /// The session has sent as much as is safe; agree a new one.
  case wornOut
  /// The random generator is out of order.
  case random
}
