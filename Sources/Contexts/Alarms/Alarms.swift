import Audit
import Devices
package import Estate
package import Kernel

/// What needs a person now (告警): raised from the devices' events, taken, reset and closed by people.
package struct Alarms: Sendable {
  let work: Work

  package init(work: Work) {
    self.work = work
  }

  /// Alarms, worst first, then newest first; needs `alarms.read`.
  package func list(_ query: AlarmQuery, by principal: Principal) async throws(AlarmsError) -> Page<Alarm> {
    try principal.mayRead()
    var after: AlarmPosition?
    if let cursor = query.page.cursor { after = try AlarmPosition(cursor) }
    let position = after
    return try await work.read(AlarmsError.self) { sql in
      let reach = try Estate.reach(of: principal, for: .alarmsRead, in: sql)
      let found = try sql.alarms(query, of: principal.organisation, reach, after: position)
      guard found.count > query.page.limit else { return Page(items: found, next: nil) }
      let items = Array(found.prefix(query.page.limit))
      return Page(items: items, next: items.last.map { AlarmPosition($0).text })
    }
  }

  /// How many are open at each level; needs `alarms.read`.
  package func counts(
    building: ID<Building>? = nil, by principal: Principal
  ) async throws(AlarmsError) -> AlarmCounts {
    try principal.mayRead()
    return try await work.read(AlarmsError.self) { sql in
      let reach = try Estate.reach(of: principal, for: .alarmsRead, in: sql)
      return try sql.alarmCounts(of: principal.organisation, reach, building: building)
    }
  }

  /// The open alarms of a building's rooms, for its board; needs `alarms.read`.
  package func rooms(
    of building: ID<Building>, by principal: Principal
  ) async throws(AlarmsError) -> [ID<Room>: RoomAlarms] {
    try principal.mayRead()
    return try await work.read(AlarmsError.self) { sql in
      guard try Estate.reach(of: principal, for: .alarmsRead, in: sql).contains(building) else { return [:] }
      return try sql.roomAlarms(of: principal.organisation, building: building)
    }
  }

  /// One alarm and the steps of its life, the newest thousand; needs `alarms.read`.
  package func alarm(_ id: ID<Alarm>, by principal: Principal) async throws(AlarmsError) -> AlarmDetail {
    try principal.mayRead()
    return try await work.read(AlarmsError.self) { sql in
      let alarm = try sql.alarm(id, for: .alarmsRead, principal)
      return AlarmDetail(alarm: alarm, steps: try sql.steps(of: alarm))
    }
  }

  /// Those of the alarms that the principal may read: to cut a stream of what happens to whom it concerns.
  package func readable(_ ids: Set<ID<Alarm>>, by principal: Principal) async throws(AlarmsError) -> Set<ID<Alarm>> {
    guard principal.permissions.contains(.alarmsRead), !ids.isEmpty else { return [] }
    return try await work.read(AlarmsError.self) { sql in
      let reach = try Estate.reach(of: principal, for: .alarmsRead, in: sql)
      return try sql.alarms(among: ids.sorted(), of: principal.organisation, reach)
    }
  }

  /// A named person takes an alarm (确认); needs `alarms.acknowledge`.
  ///
  /// - Throws: `.alreadyAcknowledged`, `.alreadyClosed`, `.fieldInvalid`.
  package func acknowledge(
    _ id: ID<Alarm>, note: String = "", by principal: Principal
  ) async throws(AlarmsError) -> Alarm {
    try principal.mayAcknowledge()
    return try await work.run(AlarmsError.self) { unit in
      var alarm = try unit.sql.alarm(id, for: .alarmsAcknowledge, principal)
      try alarm.acknowledge(by: principal.name, at: unit.now, note: note)
      try unit.sql.update(alarm)
      let step = AlarmStep(act: .acknowledged, at: unit.now, by: principal.name, note: note)
      try unit.sql.append(step, to: alarm)
      try unit.record(AlarmChanged(alarm, .acknowledged), organisation: principal.organisation)
      try unit.audit(.act, "alarm", id, by: principal, because: note, .plain("act", "acknowledge"))
      return alarm
    }
  }

  /// A named person ends an alarm and says how it ended; needs `alarms.acknowledge`.
  ///
  /// - Parameter withoutReset: closes though the device has not said that it is back to normal.
  /// - Throws: `.noteMissing`, `.notReset`, `.alreadyClosed`, `.fieldInvalid`.
  package func close(
    _ id: ID<Alarm>, note: String, withoutReset: Bool = false, by principal: Principal
  ) async throws(AlarmsError) -> Alarm {
    try principal.mayAcknowledge()
    return try await work.run(AlarmsError.self) { unit in
      var alarm = try unit.sql.alarm(id, for: .alarmsAcknowledge, principal)
      try alarm.close(by: principal.name, at: unit.now, note: note, withoutReset: withoutReset)
      try unit.sql.update(alarm)
      try unit.sql.append(AlarmStep(act: .closed, at: unit.now, by: principal.name, note: note), to: alarm)
      try unit.record(AlarmChanged(alarm, .closed), organisation: principal.organisation)
      try unit.audit(.act, "alarm", id, by: principal, because: note, .plain("act", "close"))
      return alarm
    }
  }
}

extension Principal {
  fileprivate func mayRead() throws(AlarmsError) {
    do { try requireSomewhere(.alarmsRead) } catch { throw AlarmsError(error) }
  }

  fileprivate func mayAcknowledge() throws(AlarmsError) {
    do { try requireSomewhere(.alarmsAcknowledge) } catch { throw AlarmsError(error) }
  }
}
