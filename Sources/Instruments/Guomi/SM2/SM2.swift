internal import CGuomi

/// The public-key algorithms of the SM2 curve: signature, encryption, key exchange, key agreement.
///
/// A key has one use, and its type says which. Arithmetic with a secret takes the same time whatever the secret.
/// - Source: GB/T 32918.1 to .5.
public enum SM2 {
  /// The distinguishing id of who has none of its own: GM/T 0009-2012, section 10.
  public static let defaultID = Array("1234567812345678".utf8)
  /// The longest distinguishing id: its length in bits has 16 bits.
  public static let idByteCountMax = 8_191
  /// The longest message that is encrypted with SM2 itself: it is for keys and small secrets.
  public static let messageByteCountMax = 65_536

  /// Draws are repeated when a random number is out of range, less often than once in 2^31.
  static let drawsMax = 16

  /// Curve constants as ZA takes them: a, b, G.
  static let curveConstants: [UInt8] = bytes(
    """
    fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc\
    28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93\
    32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
    bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0
    """)

  /// ZA = SM3(ENTL ‖ id ‖ a ‖ b ‖ G ‖ P): binds a signature or an agreement to an id and a key.
  static func identityHash(id: [UInt8], point: PublicPoint) throws(SM2Error) -> SM3.Digest {
    guard id.count <= idByteCountMax else { throw .idTooLong }
    var hash = SM3()
    hash.update([UInt8(id.count * 8 >> 8), UInt8(truncatingIfNeeded: id.count * 8)])
    hash.update(id)
    hash.update(curveConstants)
    hash.update(point.coordinates)
    return hash.digest()
  }

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var digits = hexadecimal.utf8.makeIterator()
    while let high = digits.next(), let low = digits.next() { bytes.append(value(high) << 4 | value(low)) }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8 {
    digit < UInt8(ascii: "a") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
  }
}

/// What can be wrong with an SM2 operation.
public enum SM2Error: Error, Equatable {
  /// Not a number from 1 to n - 2.
  case privateKeyInvalid
  /// Not a point of the curve, or not in a form that is known.
  case publicKeyInvalid
  /// Not a signature: r or s out of range, or not strict DER.
  case signatureMalformed
  /// Not a ciphertext: too short, too long, its point not on the curve, or not strict DER.
  case ciphertextMalformed
  /// The ciphertext was changed or is for another key.
  case decryptionFailed
  /// A message has 1 to `SM2.messageByteCountMax` bytes.
  case messageLengthInvalid
  case idTooLong
  /// The other side of a key exchange does not hold the key it should, or somebody sits between.
  case confirmationFailed
  /// The random source failed.
  case random(RandomFailure)
  /// The system's libcrypto failed: no memory, or it lacks SM2.
  case unavailable
}

extension SM2 {
  /// What a call of the C layer answered, as an error.
  static func require(_ outcome: Int32, else refused: SM2Error) throws(SM2Error) {
    switch outcome {
    case 1: return
    case 0: throw refused
    default: throw .unavailable
    }
  }

  /// Random numbers of a source, as secrets of 32 bytes.
  static func draw(_ random: RandomSource) throws(SM2Error) -> SecretBytes {
    do throws(RandomFailure) { return try random.secret(32) } catch { throw .random(error) }
  }

  /// A random number from 1 to n - 1.
  static func drawScalar(_ draw: () throws(SM2Error) -> SecretBytes) throws(SM2Error) -> SecretBytes {
    for _ in 0..<drawsMax {
      let candidate = try draw()
      if candidate.pointee({ guomi_sm2_is_scalar($0) }) == 1 { return candidate }
    }
    throw .random(RandomFailure(reason: "no random number is in the range of SM2"))
  }
}

extension SecretBytes {
  /// The bytes for a C function that takes a fixed number of them.
  func pointee<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    withUnsafeBytes { bytes in
      guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { preconditionFailure("an empty secret") }
      return body(base)
    }
  }

  /// Makes a secret by a C function that answers 1, 0 or -1.
  static func make(
    _ count: Int, else refused: SM2Error, _ fill: (UnsafeMutablePointer<UInt8>) -> Int32
  ) throws(SM2Error) -> SecretBytes {
    try SecretBytes(count: count) { (buffer: UnsafeMutableRawBufferPointer) throws(SM2Error) in
      guard let base = buffer.bindMemory(to: UInt8.self).baseAddress else { throw .unavailable }
      try SM2.require(fill(base), else: refused)
    }
  }
}
