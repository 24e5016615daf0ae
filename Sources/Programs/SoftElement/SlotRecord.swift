import Guomi
import SecureElement

/// A slot with its key.
struct SlotRecord {
  let slot: KeySlot
  let secret: SecretBytes
  /// What belongs to a key of the ladder: of the device key its device id, of the communication key its epoch's start
  /// in eight bytes.
  let binding: [UInt8]

  func disabled() -> SlotRecord {
    SlotRecord(
      slot: KeySlot(
        number: slot.number, algorithm: slot.algorithm, usage: slot.usage, state: .disabled, isLasting: slot.isLasting,
        label: slot.label, publicKey: slot.publicKey),
      secret: secret, binding: binding)
  }
}
