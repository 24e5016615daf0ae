import Devices
import Estate
import Kernel
import SQLStore

extension Alarms {
  /// Takes one sign, in the transaction that moves the reader's place: exactly once, whatever is killed when.
  ///
  /// Nothing here refuses a sign: a device that is nowhere in the estate raises its alarm all the same.
  static func take(_ sign: AlarmSign, organisation: ID<Organisation>, in unit: Unit) throws {
    try clear(sign, organisation, unit)
    guard sign.raises else { return }
    guard var alarm = try unit.sql.openAlarm(sign.device, sign.event, of: organisation) else {
      let source = sign.source(placeName: try placeName(sign, organisation, unit))
      let alarm = Alarm(id: unit.newID(), organisation: organisation, sign, source)
      try unit.sql.insert(alarm)
      try unit.sql.append(AlarmStep(act: .raised, at: sign.receivedAt, by: nil, note: ""), to: alarm)
      try unit.record(AlarmRaised(alarm), organisation: organisation)
      return
    }
    let change = alarm.repeated(sign)
    try unit.sql.update(alarm)
    switch change {
    case .again:
      try unit.sql.append(AlarmStep(act: .raisedAgain, at: sign.receivedAt, by: nil, note: ""), to: alarm)
      try unit.record(AlarmRaised(alarm), organisation: organisation)
    case .told: try unit.record(AlarmChanged(alarm, .repeated), organisation: organisation)
    case .counted: break
    }
  }

  private static func clear(_ sign: AlarmSign, _ organisation: ID<Organisation>, _ unit: Unit) throws {
    for var alarm in try unit.sql.openAlarms(sign.device, clearedBy: sign.event, of: organisation) {
      guard alarm.reset(at: sign.receivedAt) else { continue }
      try unit.sql.update(alarm)
      try unit.sql.append(AlarmStep(act: .reset, at: sign.receivedAt, by: nil, note: ""), to: alarm)
      try unit.record(AlarmChanged(alarm, .reset), organisation: organisation)
    }
  }

  /// `2 号楼 1203`; of a device in no room that the estate knows what is written on it: `8F`.
  private static func placeName(
    _ sign: AlarmSign, _ organisation: ID<Organisation>, _ unit: Unit
  ) throws -> String {
    guard let room = sign.place?.room,
      let place = try Estate.place(of: room, organisation: organisation, in: unit.sql)
    else { return sign.labels.joined(separator: " ") }
    return place.text
  }
}
