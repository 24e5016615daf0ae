public import Guomi

/// What the platform gives: the device key, which only the asking element can open, and a value by which both sides see
/// that they mean the same key.
///
/// | bytes | what |
/// |---|---|
/// | 1 | version, 1 |
/// | 4 | version of the root key |
/// | 8 | check value of the device key |
/// | LP | device key, encrypted with SM2 (C1 ‖ C3 ‖ C2) |
/// | 64 | the platform's signature of all before and of the request |
public struct ProvisioningAnswer: Sendable {
  public static let byteCountMax = 512

  public let message: [UInt8]

  /// - Parameters:
  ///   - key: derived of the request's holder and random with the root key of `rootVersion`.
  ///   - sign: with the platform's provisioning key; answers r ‖ s.
  /// - Throws: `.random`, `.length`.
  public init(
    _ request: ProvisioningRequest, key: SecretBytes, rootVersion: UInt32, random: RandomSource,
    sign: ([UInt8]) throws -> [UInt8]
  ) throws(KeyLadderError) {
    let sealed: [UInt8]
    do { sealed = try request.encryptionKey.encrypt(key, random: random).raw } catch { throw .random }
    let draft = try Draft(request, sealedKey: sealed, checkValue: KeyLadder.checkValue(key), rootVersion: rootVersion)
    let signature: [UInt8]
    do { signature = try sign(draft.statement) } catch { throw .random }
    self = try draft.signed(signature)
  }

  private init(message: [UInt8]) { self.message = message }

  /// An answer that still lacks the platform's signature: for a platform whose keys are elsewhere, in the key service.
  public struct Draft: Sendable {
    /// What the platform's key signs.
    public let statement: [UInt8]
    private let body: [UInt8]

    /// - Parameters:
    ///   - sealedKey: the device key, encrypted with SM2 to the request's key; C1 ‖ C3 ‖ C2, 1 to 256 bytes.
    ///   - checkValue: of the device key, 8 bytes.
    /// - Throws: `.length`.
    public init(
      _ request: ProvisioningRequest, sealedKey: [UInt8], checkValue: [UInt8], rootVersion: UInt32
    ) throws(KeyLadderError) {
      guard (1...256).contains(sealedKey.count), checkValue.count == 8 else { throw .length }
      var body: [UInt8] = [1]
      body += bigEndian(rootVersion)
      body += checkValue
      body += KeyLadder.prefixed(sealedKey)
      self.body = body
      statement = ProvisioningAnswer.statement(body, request)
    }

    /// - Parameter signature: the platform's, of `statement`; r ‖ s.
    /// - Throws: `.length`.
    public func signed(_ signature: [UInt8]) throws(KeyLadderError) -> ProvisioningAnswer {
      guard signature.count == AgreementWay.signatureByteCount else { throw .length }
      return ProvisioningAnswer(message: body + signature)
    }
  }

  /// What the element has of an answer.
  public struct Opened: Sendable {
    public let key: SecretBytes
    public let rootVersion: UInt32
    /// Goes back to the platform: it compares with its own.
    public let checkValue: [UInt8]
  }

  /// Opens an answer in the element.
  ///
  /// - Parameters:
  ///   - platform: known to the element before: of its making.
  ///   - decrypt: with the key that the request named.
  /// - Throws: `.malformed`; `.notAuthentic` for another platform's answer, one to another request, or another key than
  ///   was signed for.
  public static func open(
    _ bytes: [UInt8], of request: ProvisioningRequest, platform: SM2.VerifyingKey,
    decrypt: (SM2.Ciphertext) throws -> SecretBytes
  ) throws(KeyLadderError) -> Opened {
    guard bytes.count <= byteCountMax else { throw .malformed }
    var reader = ByteReader(bytes)
    guard try reader.byte() == 1 else { throw .malformed }
    let version = UInt32(try reader.integer(bytes: 4))
    let check = try reader.bytes(8)
    let sealed = try reader.prefixed(1...256)
    let signature = try reader.bytes(AgreementWay.signatureByteCount)
    guard reader.isAtEnd else { throw .malformed }
    let body = Array(bytes.dropLast(AgreementWay.signatureByteCount))
    guard let signature = try? SM2.Signature(raw: signature),
      platform.isValid(signature, for: statement(body, request)),
      let ciphertext = try? SM2.Ciphertext(raw: sealed), let key = try? decrypt(ciphertext),
      key.count == KeyLadder.keyByteCount, equalInConstantTime(KeyLadder.checkValue(key), check)
    else { throw .notAuthentic }
    return Opened(key: key, rootVersion: version, checkValue: check)
  }

  private static func statement(_ body: [UInt8], _ request: ProvisioningRequest) -> [UInt8] {
    Array("LZGY-PRA-1".utf8) + KeyLadder.prefixed(request.message) + body
  }
}
