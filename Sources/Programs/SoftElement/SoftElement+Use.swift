import Guomi
import SecureElement

/// Signing, sealing and opening.
extension SoftElement {
  func answerUse(_ request: ElementRequest) throws(SecureElementError) -> ElementAnswer {
    switch request {
    case .sign(let number, let message):
      return .bytes(try sign(message, with: try record(number, for: .sign)))
    case .seal(let number, let data, let associated):
      return .bytes(try seal(data, associated, with: try record(number, for: .seal)))
    case .open(let number, let sealed, let associated):
      return .bytes(try open(sealed, associated, with: try record(number, for: .open)))
    default: throw .unknownCall
    }
  }

  private func sign(_ message: [UInt8], with record: SlotRecord) throws(SecureElementError) -> [UInt8] {
    guard message.count <= ElementLimits.messageByteCountMax else { throw .malformed }
    // A key that signs for the device signs only what the element itself words.
    guard record.binding.isEmpty else { throw .usage }
    guard record.slot.algorithm == .sm2Signing else {
      try requireRandomness()
      return try RSAKey(secret: record.secret).sign(message)
    }
    return try mapped { try SM2.SigningKey(secret: record.secret).sign(message, random: random).raw }
  }

  /// For what OpenSSL draws by itself.
  func requireRandomness() throws(SecureElementError) {
    guard randomness.isGood else { throw .randomness }
  }

  private func seal(
    _ data: [UInt8], _ associated: [UInt8], with record: SlotRecord
  ) throws(SecureElementError) -> [UInt8] {
    guard data.count <= ElementLimits.messageByteCountMax else { throw .malformed }
    if record.slot.algorithm == .sm4 {
      return try mapped { try sealingKey(record).seal(data, authenticating: associated) }
    }
    return try AESKey(secret: record.secret).seal(data, associated, random: random)
  }

  private func open(
    _ sealed: [UInt8], _ associated: [UInt8], with record: SlotRecord
  ) throws(SecureElementError) -> [UInt8] {
    switch record.slot.algorithm {
    case .sm4: return try mapped { try sealingKey(record).open(sealed, authenticating: associated) }
    case .tdes:
      // Nothing authenticates it: associated data would be a promise not kept.
      guard associated.isEmpty else { throw .usage }
      return try TDESKey(record.secret).open(sealed)
    default: return try AESKey(secret: record.secret).open(sealed, associated)
    }
  }

  private func sealingKey(_ record: SlotRecord) throws -> SM4.GCMKey {
    if let key = sealing[record.slot.number] { return key }
    let key = try SM4.GCMKey(record.secret, random: random)
    sealing[record.slot.number] = key
    return key
  }
}
