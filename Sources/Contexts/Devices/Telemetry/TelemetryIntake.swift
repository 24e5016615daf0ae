package import DurableLog
package import Kernel
import WireFormats

/// The door for what devices tell: checks a message against its thing model, gathers batches, and says when they are
/// durable. Latest values can be read the moment a batch is, before any acknowledgement goes back.
///
/// An event loop calls `begin` once a tick, `accept` for each message, and `commit` at the tick's end.
package final class TelemetryIntake: Sendable {
  /// A payload's greatest size (docs/device-protocol.md).
  package static let payloadBytesMax = 65_536

  let log: DurableLog
  let directory: DeviceDirectory
  let latest: LatestValues

  package init(log: DurableLog, directory: DeviceDirectory, latest: LatestValues) {
    self.log = log
    self.directory = directory
    self.latest = latest
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
    if channel.lane == .urgent {
      return accept(device, channel, payload, receivedAt, batch.time, batch.directory, &batch.urgent)
    }
    return accept(device, channel, payload, receivedAt, batch.time, batch.directory, &batch.bulk)
  }

  private func accept(
    _ device: DeviceNumber, _ channel: UpChannel, _ payload: UnsafeRawBufferPointer, _ receivedAt: Instant,
    _ base: Instant, _ directory: DeviceDirectory.Snapshot, _ part: inout IntakeBatch.Part
  ) -> Acceptance {
    let refusal: Acceptance.Refusal?
    if payload.count > Self.payloadBytesMax {
      refusal = .tooLarge
    } else if let entry = directory[device], !entry.decommissioned {
      refusal = Self.scan(entry, channel, payload, receivedAt, &part.updates)
    } else {
      refusal = .unknownDevice
    }
    if let refusal {
      let shown = UnsafeRawBufferPointer(rebasing: payload.prefix(Self.refusedBytesKept))
      part.append(
        device: device, channel: IntakeRecord.refusedChannel, receivedAt: receivedAt, base: base,
        prefix: refusal.place, payload: shown)
    } else {
      part.append(device: device, channel: channel.rawValue, receivedAt: receivedAt, base: base, payload: payload)
    }
    return Acceptance(lane: channel.lane, refusal: refusal)
  }

  /// Reads a message's latest values into `updates`; what a message that is refused has left there is taken back.
  static func scan(
    _ entry: DeviceDirectory.Entry, _ channel: UpChannel, _ payload: UnsafeRawBufferPointer, _ receivedAt: Instant,
    _ updates: inout LatestUpdates
  ) -> Acceptance.Refusal? {
    let mark = updates.mark
    // Built in one expression from what `take` gives, so that the array has one owner and appending copies nothing.
    var scan = EnvelopeScan(
      channel: channel, model: entry.model,
      sink: LatestSink(updates.take(), device: entry.number, receivedAt: receivedAt))
    let isReadable: Bool
    do throws(WireError) {
      try scan.read(payload)
      isReadable = true
    } catch {
      isReadable = false
    }
    swap(&updates, &scan.sink.updates)
    let refusal: Acceptance.Refusal? = !isReadable ? .unreadable : scan.envelope.fits(channel) ? nil : .envelope
    if refusal != nil { updates.rollBack(to: mark) }
    return refusal
  }

  /// Bytes of a refused message that are kept to be shown.
  static let refusedBytesKept = 256

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
      let (latest, updates, directory) = (latest, part.updates, batch.directory)
      log.append(part.bytes, records: part.records, lane: lane) { result in
        if case .success = result { latest.apply(updates, directory) }
        whenDurable(lane, result)
      }
    }
  }

  /// Bytes that wait to become durable: beyond a limit of its own the gateway stops reading from the worst first.
  package var waitingBytes: Int { log.waitingBytes }
}
