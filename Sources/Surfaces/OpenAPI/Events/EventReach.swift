package import Alarms
package import Devices
import Foundation
package import Kernel

/// Cuts a stream of journal entries to what a principal may read: of one building, for a guard of one building.
///
/// Who may read all of the organisation's alarms and devices costs nothing; for others the batch is asked for at once.
package struct EventReach: Sendable {
  private let alarms: Alarms
  private let devices: Devices

  package init(alarms: Alarms, devices: Devices) {
    self.alarms = alarms
    self.devices = devices
  }

  /// What an entry is about.
  private struct Subject: Decodable {
    let device: ID<Device>?
    let alarm: ID<Alarm>?
  }

  /// The entries that the principal may read, in their order. One whose subject cannot be told is not given.
  package func cut(_ entries: [JournalEntry], _ principal: Principal) async throws -> [JournalEntry] {
    guard !isEverywhere(principal) else { return entries }
    let told = entries.map { entry in
      (entry, try? JSONDecoder().decode(Subject.self, from: Data(entry.body)))
    }
    let alarmIDs = Set(told.filter { EventTopic.alarms.kinds.contains($0.0.kind) }.compactMap { $0.1?.alarm })
    let deviceIDs = Set(told.filter { !EventTopic.alarms.kinds.contains($0.0.kind) }.compactMap { $0.1?.device })
    let readableAlarms = try await alarms.readable(alarmIDs, by: principal)
    let readableDevices = try await devices.readable(deviceIDs, by: principal)
    return told.filter { entry, subject in
      if EventTopic.alarms.kinds.contains(entry.kind) {
        return subject?.alarm.map(readableAlarms.contains) ?? false
      }
      return subject?.device.map(readableDevices.contains) ?? false
    }.map(\.0)
  }

  private func isEverywhere(_ principal: Principal) -> Bool {
    principal.scopes(of: .alarmsRead).isSubset(of: [.organisation])
      && principal.scopes(of: .devicesRead).isSubset(of: [.organisation])
  }
}
