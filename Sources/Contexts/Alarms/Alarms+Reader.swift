import Devices
package import Kernel

extension Alarms {
  /// The name of the reader's place in the journal.
  static let readerName = "alarms"

  /// The service that turns devices' events into alarms: woken by the journal, without polling.
  package func reader(_ journal: Journal) -> JournalReader {
    JournalReader(name: Self.readerName, kinds: [DeviceEventRaised.kind], work: work, journal: journal) { unit, entry in
      try Self.take(Self.sign(entry), organisation: entry.organisation, in: unit)
    }
  }

  /// The sign in a journal entry. One that can not be read is a sign too: an alarm may hide in it.
  private static func sign(_ entry: JournalEntry) -> AlarmSign {
    guard let event = try? entry.decode(DeviceEventRaised.self) else {
      return AlarmSign(
        device: ID(entry.subject) ?? ID(high: 0, low: UInt64(bitPattern: entry.sequence)), deviceName: entry.subject,
        event: "unreadable", name: LocalName(chinese: "无法读取的设备事件", english: "Unreadable device event"),
        level: .alarm, deviceTime: entry.at, receivedAt: entry.at)
    }
    return AlarmSign(
      device: event.device, deviceName: event.deviceName.description, kind: event.deviceKind, place: event.place,
      event: event.event, name: event.name, level: event.level, clearedBy: event.clearedBy,
      deviceTime: event.deviceTime, receivedAt: event.receivedAt, values: event.values)
  }
}
