import Guomi
import KeyLadder
import SecureElement

/// A renewal under way.
final class RenewalEntry {
  var request: KeyRenewalRequest?

  init(_ request: consuming KeyRenewalRequest) { self.request = consume request }
}

/// Provisioning and renewal: the device key comes in once, encrypted, and never goes out.
///
/// - Source: clauses 9.4 d and 9.4 e.
extension SoftElement {
  func answerLadder(_ request: ElementRequest) throws(SecureElementError) -> ElementAnswer {
    switch request {
    case .trust(let platform): try trust(platform)
    case .provisioningRequest(let device): return .bytes(try requestProvisioning(device))
    case .provision(let answer): return .bytes(try provision(answer))
    case .beginRenewal(let start): return .bytes(try beginRenewal(KeyEpoch(start: start)))
    case .finishRenewal(let answer): return .bytes(try finishRenewal(answer))
    default: throw .unknownCall
    }
    return .done
  }

  private func trust(_ platform: [UInt8]) throws(SecureElementError) {
    guard state.platform == nil else { throw .sequence }
    var new = state
    new.platform = try mapped { try SM2.PublicPoint(x963: platform).x963 }
    try commit(new)
  }

  var platform: SM2.VerifyingKey {
    get throws(SecureElementError) {
      guard let platform = state.platform else { throw .sequence }
      return try mapped { SM2.VerifyingKey(try SM2.PublicPoint(x963: platform)) }
    }
  }

  /// The active key of an algorithm that is bound to the device.
  func deviceRecord(_ algorithm: KeyAlgorithm, device: [UInt8]? = nil) throws(SecureElementError) -> SlotRecord {
    let found = state.slots.values.first { record in
      record.slot.algorithm == algorithm && record.slot.state == .active && !record.binding.isEmpty
        && (device == nil || record.binding == device)
    }
    guard let found else { throw .sequence }
    return found
  }

  private func requestProvisioning(_ device: [UInt8]) throws(SecureElementError) -> [UInt8] {
    _ = try platform
    guard (try? deviceRecord(.deviceKey)) == nil, KeyLadder.idByteCountRange.contains(device.count) else {
      throw .sequence
    }
    try makeDevicePairs(device)
    let signing = try deviceRecord(.sm2Signing, device: device)
    let encryption = try deviceRecord(.sm2Encryption, device: device)
    let made = try mapped {
      let key = try SM2.SigningKey(secret: signing.secret)
      return try ProvisioningRequest(
        holder: KeyLadder.Holder(element: state.id, device: device),
        random: try random.bytes(KeyLadder.deviceRandomByteCount),
        encryptionKey: SM2.DecryptionKey(secret: encryption.secret).encryptionKey, verifyingKey: key.verifyingKey
      ) { try key.sign($0, random: random).raw }
    }
    request = made
    return made.message
  }

  /// The two key pairs that the platform knows the device by; those of another device id that never came to a device
  /// key make room.
  private func makeDevicePairs(_ device: [UInt8]) throws(SecureElementError) {
    guard (try? deviceRecord(.sm2Signing, device: device)) == nil else { return }
    var new = state
    new.slots = new.slots.filter { $0.value.binding.isEmpty }
    for (algorithm, label) in [(KeyAlgorithm.sm2Signing, "device signing"), (.sm2Encryption, "device encryption")] {
      let made = try makeKey(algorithm)
      _ = try Self.add(
        to: &new, algorithm, algorithm.usages, label: label, secret: made.secret, publicKey: made.publicKey,
        binding: device)
    }
    try commit(new)
  }

  private func provision(_ answer: [UInt8]) throws(SecureElementError) -> [UInt8] {
    guard let request else { throw .sequence }
    let device = request.holder.device
    let encryption = try deviceRecord(.sm2Encryption, device: device)
    let platform = try platform
    let opened = try mapped {
      try ProvisioningAnswer.open(answer, of: request, platform: platform) { ciphertext in
        try SM2.DecryptionKey(secret: encryption.secret).decrypt(ciphertext)
      }
    }
    _ = try add(
      .deviceKey, .derive, label: "device", secret: opened.key, publicKey: [], binding: device)
    self.request = nil
    return opened.checkValue
  }

  private func beginRenewal(_ epoch: KeyEpoch) throws(SecureElementError) -> [UInt8] {
    _ = try deviceRecord(.deviceKey)
    let request = try KeyRenewalRequest.made(epoch, random)
    let message = request.message
    renewal = RenewalEntry(request)
    return message
  }

  private func finishRenewal(_ answer: [UInt8]) throws(SecureElementError) -> [UInt8] {
    let device = try deviceRecord(.deviceKey)
    guard let request = renewal?.request.take() else { throw .sequence }
    renewal = nil
    let epoch = request.epoch
    let finished: (key: SecretBytes, message: [UInt8])
    do throws(KeyLadderError) {
      finished = try request.finish(answer) { (platformRandom, deviceRandom) throws(KeyLadderError) in
        try KeyLadder.communicationKey(
          deviceKey: device.secret, device: device.binding, epoch: epoch, platformRandom: platformRandom,
          deviceRandom: deviceRandom)
      }
    } catch {
      throw SecureElementError(error)
    }
    try keep(finished.key, of: epoch)
    return finished.message
  }

  /// Keeps a communication key, and the newest one besides: the platform may have missed the last message.
  private func keep(_ key: SecretBytes, of epoch: KeyEpoch) throws(SecureElementError) {
    var new = state
    let old = communicationKeys(of: new)
    for record in old where record.binding == epoch.bytes { new.slots[record.slot.number] = nil }
    for record in old.filter({ $0.binding != epoch.bytes }).dropFirst() { new.slots[record.slot.number] = nil }
    _ = try Self.add(
      to: &new, .communicationKey, .derive, label: "communication", secret: key, publicKey: [], binding: epoch.bytes)
    try commit(new, isErasing: true)
  }

  /// The communication keys, newest epoch first.
  func communicationKeys(of state: StoredState) -> [SlotRecord] {
    state.slots.values.filter { $0.slot.algorithm == .communicationKey && $0.slot.state == .active }
      .sorted { $1.binding.lexicographicallyPrecedes($0.binding) }
  }
}

extension KeyRenewalRequest {
  fileprivate static func made(
    _ epoch: KeyEpoch, _ random: RandomSource
  ) throws(SecureElementError) -> KeyRenewalRequest {
    do throws(KeyLadderError) {
      return try KeyRenewalRequest(epoch: epoch, random: random)
    } catch {
      throw SecureElementError(error)
    }
  }
}
