public import Guomi

/// What a device, or the secure element in it, asks for at the factory: the key that is its own.
///
/// | bytes | what |
/// |---|---|
/// | 1 | version, 1 |
/// | LP | element id; empty without one |
/// | LP | device id |
/// | 32 | random, made in the element |
/// | 65 | SM2 key that the device key is to be encrypted to |
/// | 65 | SM2 key that signs for the device from now on |
/// | 64 | signature of all before with the latter: who asks has it |
///
/// - Source: clauses 9.4 d and 9.2.2 b.
public struct ProvisioningRequest: Hashable, Sendable {
  public static let byteCountMax = 512

  public let holder: KeyLadder.Holder
  /// 32 bytes; the platform keeps them.
  public let random: [UInt8]
  public let encryptionKey: SM2.EncryptionKey
  public let verifyingKey: SM2.VerifyingKey
  /// As sent.
  public let message: [UInt8]

  /// Makes a request.
  ///
  /// - Parameter sign: with the device's key, wherever it is kept; answers r ‖ s.
  /// - Throws: `.length` for a random that has not 32 bytes; `.random` when `sign` fails.
  public init(
    holder: KeyLadder.Holder, random: [UInt8], encryptionKey: SM2.EncryptionKey, verifyingKey: SM2.VerifyingKey,
    sign: ([UInt8]) throws -> [UInt8]
  ) throws(KeyLadderError) {
    guard random.count == KeyLadder.deviceRandomByteCount else { throw .length }
    self.holder = holder
    self.random = random
    self.encryptionKey = encryptionKey
    self.verifyingKey = verifyingKey
    var body: [UInt8] = [1]
    body += KeyLadder.prefixed(holder.element ?? [])
    body += KeyLadder.prefixed(holder.device)
    body += random
    body += encryptionKey.point.x963
    body += verifyingKey.point.x963
    let signature: [UInt8]
    do { signature = try sign(Self.statement(body)) } catch { throw .random }
    guard signature.count == AgreementWay.signatureByteCount else { throw .length }
    message = body + signature
  }

  /// Reads a request and checks that who made it has the key it names.
  ///
  /// - Throws: `.malformed`, `.id`, `.notAuthentic`.
  public init(_ bytes: [UInt8]) throws(KeyLadderError) {
    guard bytes.count <= Self.byteCountMax else { throw .malformed }
    var reader = ByteReader(bytes)
    guard try reader.byte() == 1 else { throw .malformed }
    let element = try reader.prefixed(0...KeyLadder.idByteCountRange.upperBound)
    let device = try reader.prefixed(KeyLadder.idByteCountRange)
    holder = try KeyLadder.Holder(element: element.isEmpty ? nil : element, device: device)
    random = try reader.bytes(KeyLadder.deviceRandomByteCount)
    let (encryption, verifying) = (try reader.bytes(65), try reader.bytes(65))
    let signature = try reader.bytes(AgreementWay.signatureByteCount)
    guard reader.isAtEnd else { throw .malformed }
    do {
      encryptionKey = SM2.EncryptionKey(try SM2.PublicPoint(x963: encryption))
      verifyingKey = SM2.VerifyingKey(try SM2.PublicPoint(x963: verifying))
      let body = Array(bytes.dropLast(AgreementWay.signatureByteCount))
      guard verifyingKey.isValid(try SM2.Signature(raw: signature), for: Self.statement(body)) else {
        throw KeyLadderError.notAuthentic
      }
    } catch {
      throw .notAuthentic
    }
    message = bytes
  }

  /// What a station signs when it brings a device's request: which lot it is to count in.
  ///
  /// - Parameter lot: its id, 16 bytes.
  public static func endorsement(lot: [UInt8], request: [UInt8]) -> [UInt8] {
    Array("LZGY-STN-1".utf8) + lot + SM3.hash(request).bytes
  }

  private static func statement(_ body: [UInt8]) -> [UInt8] { Array("LZGY-PRQ-1".utf8) + body }
}
