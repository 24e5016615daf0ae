import Devices
package import Kernel

extension Alarms {
  /// The name of the reader's place in the journal.
  static let readerName = "alarms"

  /// The service that turns devices' events, and their falling silent, into alarms: woken by the journal, without
  /// polling.
  package func reader(_ journal: Journal) -> JournalReader {
    let kinds: Set<String> = [DeviceEventRaised.kind, LivenessChanged.kind]
    return JournalReader(name: Self.readerName, kinds: kinds, work: work, journal: journal) { unit, entry in
      guard let sign = try Self.sign(entry, in: unit) else { return }
      try Self.take(sign, organisation: entry.organisation, in: unit)
    }
  }

  /// The sign in a journal entry, if it is one.
  private static func sign(_ entry: JournalEntry, in unit: Unit) throws -> AlarmSign? {
    guard entry.kind == LivenessChanged.kind else { return eventSign(entry) }
    guard let change = try? entry.decode(LivenessChanged.self) else { return unreadable(entry) }
    guard change.to == .offline || change.from == .offline else { return nil }
    let device = try Devices.device(change.device, organisation: entry.organisation, in: unit.sql)
    return AlarmSign(change, device)
  }

  private static func eventSign(_ entry: JournalEntry) -> AlarmSign {
    guard let event = try? entry.decode(DeviceEventRaised.self) else { return unreadable(entry) }
    return AlarmSign(
      device: event.device, deviceName: event.deviceName.description, kind: event.deviceKind, place: event.place,
      labels: event.labels ?? [], event: event.event, name: event.name, level: event.level,
      clearedBy: event.clearedBy, deviceTime: event.deviceTime, receivedAt: event.receivedAt, values: event.values)
  }

  /// One that can not be read is a sign too: an alarm may hide in it.
  private static func unreadable(_ entry: JournalEntry) -> AlarmSign {
    AlarmSign(
      device: ID(entry.subject) ?? ID(high: 0, low: UInt64(bitPattern: entry.sequence)), deviceName: entry.subject,
      event: "unreadable", name: LocalName(chinese: "无法读取的设备事件", english: "Unreadable device event"),
      level: .alarm, deviceTime: entry.at, receivedAt: entry.at)
  }
}
