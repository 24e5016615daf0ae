package import DurableLog
package import Kernel

/// The door for what devices tell: checks a message against its thing model, gathers batches, and says when they are
/// durable. Latest values can be read the moment a batch is, before any acknowledgement goes back.
///
/// An event loop calls `begin` once a tick, `accept` for each message, and `commit` at the tick's end.
package final class TelemetryIntake: Sendable {
  /// A payload's greatest size (docs/device-protocol.md).
  package static let payloadBytesMax = 65_536

  let log: DurableLog
  let directory: DeviceDirectory

  package init(log: DurableLog, directory: DeviceDirectory) {
    self.log = log
    self.directory = directory
  }

  /// A batch for this tick; sees the directory as it is now.
  package func begin(at time: Instant) -> IntakeBatch {
    IntakeBatch(directory: directory.snapshot(), time: time)
  }

  /// Takes one message into a batch: about half a microsecond, on the event loop.
  ///
  /// - Parameter payload: read during the call only.
  /// - Returns: which commit acknowledges it, and why it is refused when it is.
  package func accept(
    device: DeviceNumber, channel: UpChannel, payload: UnsafeRawBufferPointer, receivedAt: Instant,
    into batch: inout IntakeBatch
  ) -> Acceptance {
    let lane = channel.lane
    if lane == .urgent {
      batch.urgent.append(
        device: device, channel: channel.rawValue, receivedAt: receivedAt, base: batch.time, payload: payload)
    } else {
      batch.bulk.append(
        device: device, channel: channel.rawValue, receivedAt: receivedAt, base: batch.time, payload: payload)
    }
    return Acceptance(lane: lane)
  }

  /// Hands the batch to the log.
  ///
  /// - Parameter whenDurable: called once for each lane the batch has messages of, on the log's thread: after success
  ///   acknowledge this lane's messages (hop to the event loop once), after an error acknowledge none of them.
  package func commit(
    _ batch: consuming IntakeBatch,
    whenDurable: @escaping @Sendable (DurableLog.Lane, Result<DurableLog.Position, DurableLogError>) -> Void
  ) {
    for lane in DurableLog.Lane.allCases {
      let part = lane == .urgent ? batch.urgent : batch.bulk
      guard part.records > 0 else { continue }
      log.append(part.bytes, records: part.records, lane: lane) { result in
        whenDurable(lane, result)
      }
    }
  }

  /// Bytes that wait to become durable: beyond a limit of its own the gateway stops reading from the worst first.
  package var waitingBytes: Int { log.waitingBytes }
}
