package import Kernel

/// One message as it lies in a batch of the log.
///
/// A batch is 16 bytes of header (version 1, three zeros, the count, the batch's time) and then, for each message, 12
/// bytes (device, payload length in 24 bits with the channel above them, microseconds after the batch's time) and the
/// payload as it came. All little endian.
package struct IntakeRecord: Sendable {
  package let device: DeviceNumber
  /// nil: refused at the door; the payload begins with the refusal's place in `Refusal.allCases`, then what was given.
  package let channel: UpChannel?
  package let receivedAt: Instant
  /// Where the payload lies in the batch.
  package let payload: Range<Int>

  static let headerBytes = 16
  static let recordBytes = 12
  static let version: UInt8 = 1
  /// Marks a refused message; its own channel no longer matters.
  static let refusedChannel: UInt8 = 15
}

/// Walks the messages of a batch. Bytes that are no batch end the walk: nothing is read outside of them.
package struct IntakeRecords: Sequence, IteratorProtocol {
  private let bytes: UnsafeRawBufferPointer
  private let base: Int64
  private var offset: Int

  /// - Parameter bytes: a segment's body; must outlive the walk.
  package init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    let isBatch = bytes.count >= IntakeRecord.headerBytes && bytes[0] == IntakeRecord.version
    base = isBatch ? Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self)) : 0
    offset = isBatch ? IntakeRecord.headerBytes : bytes.count
  }

  package mutating func next() -> IntakeRecord? {
    let start = offset + IntakeRecord.recordBytes
    guard start <= bytes.count else { return nil }
    let device = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    let packed = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
    let after = Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: Int32.self))
    let end = start + Int(packed & 0xff_ffff)
    guard end <= bytes.count else { return nil }
    offset = end
    return IntakeRecord(
      device: DeviceNumber(device), channel: UpChannel(rawValue: UInt8(packed >> 24)),
      receivedAt: Instant(microseconds: base &+ Int64(after)), payload: start..<end)
  }
}
