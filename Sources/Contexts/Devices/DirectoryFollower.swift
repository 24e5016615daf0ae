package import Kernel
import Logging
import ServiceLifecycle

/// Keeps directory and revocations of this process equal to what other processes change, by following the journal, and
/// ends the sessions of devices that were revoked, moved or taken out of service there.
package struct DirectoryFollower: Service {
  static let kinds: Set<String> = [
    DeviceRegistered.kind, DeviceChanged.kind, CertificateRevoked.kind, ThingModelLoaded.kind,
  ]
  static let batchMax = 500

  private let devices: Devices
  private let journal: Journal
  private let start: Int64

  /// - Parameter start: the journal's end before `Devices.open` was called.
  package init(devices: Devices, journal: Journal, start: Int64) {
    self.devices = devices
    self.journal = journal
    self.start = start
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      var place = start
      let changes = journal.changes()
      await catchUp(&place)
      for await _ in changes { await catchUp(&place) }
    }
  }

  /// Follows all that is there now, then returns.
  package func drain() async throws {
    var place = start
    while try await step(&place) {}
  }

  /// - Returns: whether there may be more.
  private func step(_ place: inout Int64) async throws -> Bool {
    let entries = try await journal.read(after: place, kinds: Self.kinds, limit: Self.batchMax)
    for entry in entries {
      try await follow(entry)
      place = entry.sequence
    }
    return entries.count == Self.batchMax
  }

  private func catchUp(_ place: inout Int64) async {
    while !Task.isCancelled {
      do {
        guard try await step(&place) else { return }
      } catch {
        devices.work.logger.warning("directory waits for the store", metadata: ["error": "\(error)"])
        try? await devices.work.time.sleep(for: .seconds(1))
      }
    }
  }

  private func follow(_ entry: JournalEntry) async throws {
    switch entry.kind {
    case DeviceRegistered.kind: try await admit(entry.decode(DeviceRegistered.self).device)
    case DeviceChanged.kind:
      let changed: DeviceChanged = try entry.decode()
      try await admit(changed.device)
      let reason: SessionEnd? =
        switch changed.change {
        case .decommissioned: .decommissioned
        case .transferred: .transferred
        case .record, .activated: nil
        }
      if let reason { end(changed.device, because: reason, changedAt: entry.at) }
    case CertificateRevoked.kind:
      let revoked: CertificateRevoked = try entry.decode()
      devices.revoked.insert([revoked.serial])
      end(revoked.device, because: .certificateRevoked, changedAt: entry.at)
    case ThingModelLoaded.kind: try await devices.reloadModels()
    default: break
    }
  }

  private func admit(_ id: ID<Device>) async throws {
    let stored = try await devices.work.read(DevicesError.self) { sql in try sql.device(anywhere: id) }
    if let stored { devices.admit([stored.device]) }
  }

  /// A connection that began after the change knows of it.
  private func end(_ id: ID<Device>, because reason: SessionEnd, changedAt: Instant) {
    guard let number = devices.directory[id]?.number, let sessions = devices.links.sessions,
      let since = sessions.connectedSince(number), since <= changedAt
    else { return }
    sessions.end(number, because: reason)
  }
}
