import Guomi
import SecureElement

/// Making, taking in, disabling and destroying keys.
extension SoftElement {
  func answerKeys(_ request: ElementRequest) throws(SecureElementError) -> ElementAnswer {
    switch request {
    case .slots: return .slots(state.slots.values.map(\.slot).sorted { $0.number < $1.number })
    case .generate(let algorithm, let usage, let label): return .slot(try generate(algorithm, usage, label))
    case .importWrapped(let wrapping, let algorithm, let usage, let label, let wrapped):
      return .slot(try importWrapped(wrapped, wrapping, algorithm, usage, label))
    case .disable(let number):
      var new = state
      new.slots[number] = try record(number).disabled()
      try commit(new)
      sealing[number] = nil
    case .destroy(let number):
      _ = try record(number)
      var new = state
      new.slots[number] = nil
      sealing[number] = nil
      try commit(new, isErasing: true)
    case .wipe: try wipe()
    default: throw .unknownCall
    }
    return .done
  }

  /// The id stays: it is the module's, not its owner's.
  private func wipe() throws(SecureElementError) {
    (sealing, sessions, exchanges, request, renewal) = ([:], [:], [:], nil, nil)
    try commit(StoredState(id: state.id), isErasing: true)
  }

  func record(_ number: KeySlot.Number) throws(SecureElementError) -> SlotRecord {
    guard let record = state.slots[number] else { throw .missing }
    return record
  }

  /// A key for one use.
  ///
  /// - Throws: `.missing`, `.disabled`, `.usage`.
  func record(_ number: KeySlot.Number, for usage: KeyUsage) throws(SecureElementError) -> SlotRecord {
    let record = try record(number)
    guard record.slot.state == .active else { throw .disabled }
    guard record.slot.usage.contains(usage) else { throw .usage }
    return record
  }

  private func generate(
    _ algorithm: KeyAlgorithm, _ usage: KeyUsage, _ label: String
  ) throws(SecureElementError) -> KeySlot {
    guard Self.isPart(usage, of: algorithm) else { throw .usage }
    let made = try makeKey(algorithm)
    return try add(algorithm, usage, label: label, secret: made.secret, publicKey: made.publicKey)
  }

  /// One use a key pair; both directions for a secret key.
  private static func isPart(_ usage: KeyUsage, of algorithm: KeyAlgorithm) -> Bool {
    guard !usage.isEmpty, usage.isSubset(of: algorithm.usages) else { return false }
    return !algorithm.isAsymmetric || usage.rawValue.nonzeroBitCount == 1
  }

  /// - Throws: `.usage` for what is never made in this way.
  func makeKey(_ algorithm: KeyAlgorithm) throws(SecureElementError) -> (secret: SecretBytes, publicKey: [UInt8]) {
    try mapped {
      switch algorithm {
      case .sm2Signing:
        let key = try SM2.SigningKey.generate(random: random)
        let probe = Array("pairwise".utf8)
        guard key.verifyingKey.isValid(try key.sign(probe, random: random), for: probe) else {
          throw SecureElementError.selfTest
        }
        return (key.withUnsafeSecret { $0 }, key.verifyingKey.point.x963)
      case .sm2Encryption:
        let key = try SM2.DecryptionKey.generate(random: random)
        return (key.withUnsafeSecret { $0 }, key.encryptionKey.point.x963)
      case .sm2Exchange:
        let key = try SM2.ExchangeKey.generate(random: random)
        return (key.withUnsafeSecret { $0 }, key.publicKey.point.x963)
      case .rsa2048, .rsa3072:
        try requireRandomness()
        let key = try RSAKey.generate(bits: algorithm == .rsa2048 ? 2_048 : 3_072)
        return (try key.secret, try key.publicKey)
      case .sm4, .aes128, .aes256:
        return (try random.secret(algorithm.secretByteCount ?? 16), [])
      case .tdes, .deviceKey, .communicationKey: throw SecureElementError.usage
      }
    }
  }

  private func importWrapped(
    _ wrapped: [UInt8], _ wrapping: KeySlot.Number, _ algorithm: KeyAlgorithm, _ usage: KeyUsage, _ label: String
  ) throws(SecureElementError) -> KeySlot {
    let record = try record(wrapping, for: .unwrap)
    guard [.sm4, .aes128, .aes256, .tdes].contains(algorithm), Self.isPart(usage, of: algorithm) else { throw .usage }
    let secret = try unwrap(wrapped, record)
    guard secret.count == algorithm.secretByteCount else { throw .notAuthentic }
    if algorithm == .tdes { _ = try TDESKey(secret) }
    return try add(algorithm, usage, label: label, secret: secret, publicKey: [])
  }

  private func unwrap(_ wrapped: [UInt8], _ record: SlotRecord) throws(SecureElementError) -> SecretBytes {
    guard record.slot.algorithm == .sm2Encryption else { return try RSAKey(secret: record.secret).unwrap(wrapped) }
    do {
      return try SM2.DecryptionKey(secret: record.secret).decrypt(SM2.Ciphertext(raw: wrapped))
    } catch {
      // Whatever is wrong with it: who sends keys learns nothing of why one was refused.
      throw .notAuthentic
    }
  }

  /// Puts a key into a slot of its own.
  func add(
    _ algorithm: KeyAlgorithm, _ usage: KeyUsage, label: String, secret: SecretBytes, publicKey: [UInt8],
    binding: [UInt8] = [], isLasting: Bool = true
  ) throws(SecureElementError) -> KeySlot {
    var new = state
    let slot = try Self.add(
      to: &new, algorithm, usage, label: label, secret: secret, publicKey: publicKey, binding: binding,
      isLasting: isLasting)
    if isLasting { try commit(new) } else { state = new }
    return slot
  }

  static func add(
    to state: inout StoredState, _ algorithm: KeyAlgorithm, _ usage: KeyUsage, label: String, secret: SecretBytes,
    publicKey: [UInt8], binding: [UInt8], isLasting: Bool = true
  ) throws(SecureElementError) -> KeySlot {
    guard state.slots.count < ElementLimits.slotsMax else { throw .full }
    while state.nextSlot == 0 || state.slots[state.nextSlot] != nil { state.nextSlot &+= 1 }
    let slot = KeySlot(
      number: state.nextSlot, algorithm: algorithm, usage: usage, state: .active, isLasting: isLasting, label: label,
      publicKey: publicKey)
    state.slots[slot.number] = SlotRecord(slot: slot, secret: secret, binding: binding)
    state.nextSlot &+= 1
    return slot
  }
}
