import Guomi
import SecureElement

/// All that outlives the process: who the element is, its keys and counters.
struct StoredState {
  static let idByteCount = 16

  var id: [UInt8]
  /// x963; nil before `trust`.
  var platform: [UInt8]?
  var counters: [UInt64]
  var slots: [KeySlot.Number: SlotRecord]
  /// The number of the next slot: a number is not given again at once, so that an old one does not mean a new key.
  var nextSlot: KeySlot.Number

  /// An element as new.
  init(id: [UInt8]) {
    self.id = id
    platform = nil
    counters = [UInt64](repeating: 0, count: Int(ElementLimits.countersCount))
    slots = [:]
    nextSlot = 1
  }

  private static let version: UInt8 = 1

  /// The whole as one secret; keys that do not last are left out.
  var sealed: SecretBytes {
    var writer = SecretWriter()
    writer.open([Self.version])
    writer.field(id)
    writer.field(platform ?? [])
    writer.number(UInt64(nextSlot))
    writer.number(UInt64(counters.count))
    for counter in counters { writer.number(counter) }
    let lasting = slots.values.filter(\.slot.isLasting).sorted { $0.slot.number < $1.slot.number }
    writer.number(UInt64(lasting.count))
    for record in lasting {
      writer.number(UInt64(record.slot.number))
      writer.open([record.slot.algorithm.rawValue, record.slot.usage.rawValue, record.slot.state.rawValue])
      writer.field(Array(record.slot.label.utf8))
      writer.field(record.slot.publicKey)
      writer.field(record.binding)
      writer.secret(record.secret)
    }
    return writer.secret
  }

  /// - Throws: `.storage` when it is not what `sealed` writes.
  init(_ secret: SecretBytes) throws(SecureElementError) {
    var reader = SecretReader(secret)
    guard try reader.bytes(1) == [Self.version] else { throw .storage }
    id = try reader.field()
    let platform = try reader.field()
    self.platform = platform.isEmpty ? nil : platform
    let next = try reader.number()
    nextSlot = KeySlot.Number(truncatingIfNeeded: next)
    let countersCount = try reader.number()
    guard id.count == Self.idByteCount, countersCount == UInt64(ElementLimits.countersCount) else { throw .storage }
    counters = []
    for _ in 0..<countersCount { counters.append(try reader.number()) }
    slots = [:]
    let slotsCount = try reader.number()
    guard slotsCount <= UInt64(ElementLimits.slotsMax) else { throw .storage }
    for _ in 0..<slotsCount {
      let record = try reader.record()
      slots[record.slot.number] = record
    }
    guard reader.isAtEnd else { throw .storage }
  }
}

extension SecretReader {
  fileprivate mutating func record() throws(SecureElementError) -> SlotRecord {
    let number = KeySlot.Number(truncatingIfNeeded: try self.number())
    let codes = try bytes(3)
    guard let algorithm = KeyAlgorithm(rawValue: codes[0]), let state = KeySlot.State(rawValue: codes[2]) else {
      throw .storage
    }
    let label = String(decoding: try field(), as: UTF8.self)
    let publicKey = try field()
    let binding = try field()
    return SlotRecord(
      slot: KeySlot(
        number: number, algorithm: algorithm, usage: KeyUsage(rawValue: codes[1]), state: state, isLasting: true,
        label: label, publicKey: publicKey),
      secret: try secretField(), binding: binding)
  }
}
