import Kernel
import Logging
import ServiceLifecycle
import SQLStore
import Synchronization
import WireFormats

/// Closes the gap between what is desired of a device and what it reports: sends the desired part when it changes, when
/// the device connects, and again with growing pauses while it differs.
package final class TwinReconciler: Service {
  /// How often differing twins are looked at.
  static let turn: Duration = .seconds(5)
  /// The pause before the desired part goes out again; doubles up to `pauseMax`.
  static let pauseFirst: Duration = .seconds(30)
  static let pauseMax: Duration = .seconds(3_600)
  static let pageMax = 500

  private struct Sent {
    let version: Int64
    let connection: Instant
    var at: Instant
    var times: Int

    /// When it may go out again.
    var next: Instant { at.advanced(by: min(pauseMax, pauseFirst * (1 << min(times - 1, 10)))) }
  }

  private let devices: Devices
  /// What went out to which differing device; those that no longer differ are taken off.
  private let sent = Mutex<[DeviceNumber: Sent]>([:])

  package init(devices: Devices) {
    self.devices = devices
  }

  package func run() async throws {
    let rung = devices.links.listen(.twins)
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask {
          for await device in rung {
            await self.attempt { if let device { try await self.reconcile(device) } else { try await self.sweep() } }
          }
        }
        group.addTask {
          while !Task.isCancelled {
            await self.attempt { try await self.sweep() }
            try? await self.devices.work.time.sleep(for: Self.turn)
          }
        }
      }
    }
  }

  private func attempt(_ step: () async throws -> Void) async {
    do { try await step() } catch {
      if Task.isCancelled { return }
      devices.work.logger.warning("twins wait for the store", metadata: ["error": "\(error)"])
    }
  }

  /// Looks at all twins that differ.
  package func sweep() async throws(DevicesError) {
    guard let sessions = devices.links.sessions else { return }
    var last: ID<Device>?
    while true {
      let after = last
      let page = try await devices.work.read(DevicesError.self) { sql in
        try sql.differingTwins(after: after, limit: Self.pageMax)
      }
      for id in page {
        guard let number = devices.directory[id]?.number, sessions.connectedSince(number) != nil else { continue }
        try await reconcile(number)
      }
      guard page.count == Self.pageMax else { return }
      last = page.last
    }
  }

  /// Sends the desired part to a device that differs and is connected here.
  package func reconcile(_ number: DeviceNumber) async throws(DevicesError) {
    guard let sessions = devices.links.sessions, let entry = devices.directory[number],
      let connection = sessions.connectedSince(number)
    else { return }
    let (version, rows) = try await devices.work.read(DevicesError.self) { sql in
      let versions = try sql.twinVersions(of: entry.id, organisation: entry.organisation)
      return (versions.desired, try sql.twinRows(of: entry.id, organisation: entry.organisation))
    }
    guard rows.values.contains(where: \.differs) else {
      sent.withLock { _ = $0.removeValue(forKey: number) }
      return
    }
    let now = devices.work.time.now()
    let isDue = sent.withLock { sent in
      guard let before = sent[number], before.version == version, before.connection == connection else { return true }
      return now >= before.next
    }
    guard isDue, sessions.deliver(Self.message(version: version, rows), to: number) else { return }
    sent.withLock { sent in
      let before = sent[number].flatMap { $0.version == version && $0.connection == connection ? $0 : nil }
      sent[number] = Sent(version: version, connection: connection, at: now, times: (before?.times ?? 0) + 1)
    }
  }

  /// As the device reads it (docs/device-protocol.md).
  static func message(version: Int64, _ rows: [String: TwinRow]) -> DownMessage {
    var writer = JSONWriter()
    writer.beginMap()
    writer.key("version")
    writer.integer(version)
    writer.key("desired")
    writer.beginMap()
    for (key, row) in rows.sorted(by: { $0.key < $1.key }) {
      guard let desired = row.desired else { continue }
      writer.key(key)
      writer.value(desired.wire)
    }
    writer.endMap()
    writer.endMap()
    return DownMessage(channel: .desired, payload: writer.bytes)
  }
}
