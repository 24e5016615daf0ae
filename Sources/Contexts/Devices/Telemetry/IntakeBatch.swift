import DurableLog
import Kernel

/// What one event loop gathers in one tick: the messages of both lanes, and what they say of the latest values.
///
/// Used by one thread at a time. `TelemetryIntake.begin` makes it, `accept` fills it, `commit` takes it.
package struct IntakeBatch: Sendable {
  /// Messages of each lane, and their latest values.
  struct Part: Sendable {
    var bytes: [UInt8] = []
    var records = 0
    var updates = LatestUpdates()
  }

  let directory: DeviceDirectory.Snapshot
  let time: Instant
  var urgent = Part()
  var bulk = Part()

  init(directory: DeviceDirectory.Snapshot, time: Instant) {
    self.directory = directory
    self.time = time
  }

  /// Messages in it.
  package var records: Int { urgent.records + bulk.records }
  /// Bytes it will append.
  package var bytes: Int { urgent.bytes.count + bulk.bytes.count }
  package var isEmpty: Bool { records == 0 }
}

extension IntakeBatch.Part {
  /// Puts a message behind the others.
  mutating func append(
    device: DeviceNumber, channel: UInt8, receivedAt: Instant, base: Instant, prefix: UInt8? = nil,
    payload: UnsafeRawBufferPointer
  ) {
    if bytes.isEmpty { begin(base, bytes: payload.count) }
    let length = payload.count + (prefix == nil ? 0 : 1)
    let after = Int32(clamping: receivedAt.microseconds(since: base))
    append(device.value)
    append(UInt32(truncatingIfNeeded: length) & 0xff_ffff | UInt32(channel) << 24)
    append(UInt32(bitPattern: after))
    if let prefix { bytes.append(prefix) }
    bytes.append(contentsOf: payload)
    records += 1
  }

  private mutating func begin(_ base: Instant, bytes count: Int) {
    bytes.reserveCapacity(max(4_096, count + 64))
    bytes.append(IntakeRecord.version)
    bytes.append(contentsOf: [0, 0, 0])
    append(UInt32(0))
    append(UInt32(truncatingIfNeeded: UInt64(bitPattern: base.microseconds)))
    append(UInt32(truncatingIfNeeded: UInt64(bitPattern: base.microseconds) >> 32))
  }

  private mutating func append(_ word: UInt32) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
