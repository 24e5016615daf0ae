public import Guomi

/// The device's side of renewing the communication key, once an epoch.
///
/// ```
/// device                             platform
///   renewal: epoch, random       →
///                                ←   answer: random, confirmation
///   finish: confirmation         →
/// ```
/// Both confirm by HMAC-SM3 under the new key, which only the holder of the device key can have.
///
/// - Source: clause 9.4 e.
public struct KeyRenewalRequest: ~Copyable, Sendable {
  /// What the platform gets.
  public let message: [UInt8]
  public let epoch: KeyEpoch
  private let random: [UInt8]

  /// - Throws: `.random`.
  public init(epoch: KeyEpoch, random: RandomSource) throws(KeyLadderError) {
    do { self.random = try random.bytes(KeyLadder.randomByteCount) } catch { throw .random }
    self.epoch = epoch
    let head: [UInt8] = [AgreementWay.version, AgreementWay.Kind.renewal.rawValue, 0]
    message = head + epoch.bytes + self.random
  }

  /// Takes the platform's answer.
  ///
  /// - Parameter derive: makes the communication key of the two random numbers (platform's, device's): here, or in the
  ///   secure element that holds the device key.
  /// - Throws: `.malformed`, `.notAuthentic`, and what `derive` throws.
  public consuming func finish(
    _ answer: [UInt8],
    derive: (_ platformRandom: [UInt8], _ deviceRandom: [UInt8]) throws(KeyLadderError) -> SecretBytes
  ) throws(KeyLadderError) -> (key: SecretBytes, message: [UInt8]) {
    let body = try KeyRenewal.body(answer, .renewalAnswer, count: KeyLadder.randomByteCount)
    let platformRandom = Array(body.prefix(KeyLadder.randomByteCount))
    let key = try derive(platformRandom, random)
    let proof = KeyRenewal.Proof(key: key, request: message, platformRandom: platformRandom)
    guard proof.isValid(Array(body.suffix(AgreementWay.confirmationByteCount)), of: .platform) else {
      throw .notAuthentic
    }
    let head: [UInt8] = [AgreementWay.version, AgreementWay.Kind.renewalFinish.rawValue, 0]
    return (key, head + proof.bytes(of: .device))
  }
}

/// The platform's side of renewing a communication key.
public struct KeyRenewalAnswer: ~Copyable, Sendable {
  /// What the device gets.
  public let message: [UInt8]
  /// The new key; good only when `finish` has not thrown.
  private let key: SecretBytes
  private let proof: KeyRenewal.Proof

  /// What a device asks for, read before any key is derived.
  public struct Request: Hashable, Sendable {
    public let epoch: KeyEpoch
    /// 16 bytes.
    public let deviceRandom: [UInt8]
    let message: [UInt8]

    /// - Throws: `.malformed`.
    public init(_ bytes: [UInt8]) throws(KeyLadderError) {
      guard bytes.count == 27, bytes[0] == AgreementWay.version, bytes[1] == AgreementWay.Kind.renewal.rawValue,
        bytes[2] == 0
      else { throw .malformed }
      epoch = KeyEpoch(start: bytes[3..<11].reduce(0) { $0 << 8 | UInt64($1) })
      deviceRandom = Array(bytes[11...])
      message = bytes
    }
  }

  /// - Parameters:
  ///   - key: derived of the request's epoch, its random number and `platformRandom`.
  ///   - platformRandom: 16 fresh bytes.
  public init(_ request: Request, key: SecretBytes, platformRandom: [UInt8]) {
    self.key = key
    proof = KeyRenewal.Proof(key: key, request: request.message, platformRandom: platformRandom)
    let head: [UInt8] = [AgreementWay.version, AgreementWay.Kind.renewalAnswer.rawValue, 0]
    message = head + platformRandom + proof.bytes(of: .platform)
  }

  /// Takes the device's last message.
  ///
  /// - Returns: the communication key of the epoch.
  /// - Throws: `.malformed`, `.notAuthentic`: the key of before stays.
  public consuming func finish(_ finish: [UInt8]) throws(KeyLadderError) -> SecretBytes {
    let body = try KeyRenewal.body(finish, .renewalFinish, count: 0)
    guard proof.isValid(Array(body), of: .device) else { throw .notAuthentic }
    return key
  }
}

enum KeyRenewal {
  /// What both sides confirm.
  struct Proof: Sendable {
    private let key: HMACSM3
    private let statement: [UInt8]

    init(key: SecretBytes, request: [UInt8], platformRandom: [UInt8]) {
      self.key = HMACSM3(key: key)
      statement = Array("LZGY-CKC-1".utf8) + KeyLadder.prefixed(request) + platformRandom
    }

    func bytes(of side: SessionSecrets.Side) -> [UInt8] { key.tag(for: [side.rawValue] + statement).bytes }

    func isValid(_ bytes: [UInt8], of side: SessionSecrets.Side) -> Bool {
      key.isValid(bytes, for: [side.rawValue] + statement)
    }
  }

  /// What follows the head of a message: `count` bytes and a confirmation.
  static func body(
    _ bytes: [UInt8], _ kind: AgreementWay.Kind, count: Int
  ) throws(KeyLadderError) -> ArraySlice<UInt8> {
    guard bytes.count == 3 + count + AgreementWay.confirmationByteCount, bytes[0] == AgreementWay.version,
      bytes[1] == kind.rawValue, bytes[2] == 0
    else { throw .malformed }
    return bytes[3...]
  }
}
