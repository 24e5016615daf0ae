import Alarms
import Devices
import Kernel

extension Console {
  /// How many alarms are open.
  func openAlarms(_ principal: Principal) async throws -> Int {
    try await services.alarms.counts(by: principal).lines.reduce(0) { $0 + $1.open }
  }

  /// A card of the feed.
  ///
  /// - Parameters:
  ///   - problem: why the note was refused; the card opens its form with it.
  ///   - note: what was typed.
  func card(_ alarm: Alarm, _ visit: Visit, problem: String? = nil, note: String? = nil) -> ViewValue {
    let words = visit.words
    let tone = AlarmTone(alarm.level)
    let isRaised = alarm.state == .raised
    let shown = alarm.state == .raised ? alarm.raisedAt : (alarm.acknowledged?.at ?? alarm.raisedAt)
    var view = visit.since(alarm.raisedAt)
    if isRaised, tone == .critical { view["ago"] = .text(words.timer(shown, now: visit.now)) }
    view.merge(
      [
        "id": .text(alarm.id.description), "level": .text(tone.card),
        "levelName": .text(words("level.\(tone.rawValue)")),
        "icon": .text(icon(alarm)), "name": .text(alarm.source.name.text(words.language)),
        "where": .text(place(alarm)), "running": .flag(isRaised && tone == .critical),
        "tag": cardTag(alarm, tone, words), "acknowledged": .optional(taken(alarm, words)),
        "may": .flag(visit.may(.alarmsAcknowledge)),
        "toAcknowledge": .flag(alarm.acknowledged == nil && alarm.closed == nil), "urgent": .flag(tone == .critical),
        "toClose": .flag(alarm.acknowledged != nil && alarm.closed == nil),
        "device": .text(alarm.source.device.description),
        "deviceReset": .flag(alarm.resetAt != nil || alarm.source.clearedBy == nil),
        "problem": .optional(problem), "note": .optional(note),
      ], uniquingKeysWith: { _, new in new })
    return .object(view)
  }

  func icon(_ alarm: Alarm) -> String {
    EventIcon.name(event: alarm.source.event, level: alarm.level, kind: alarm.source.kind)
  }

  func place(_ alarm: Alarm) -> String {
    [alarm.source.placeName, alarm.source.deviceName].filter { !$0.isEmpty }.joined(separator: " · ")
  }

  private func cardTag(_ alarm: Alarm, _ tone: AlarmTone, _ words: Words) -> ViewValue {
    if alarm.state == .closed || alarm.state == .reset {
      return ["tone": "tag-ok", "text": .text(words("alarmState.\(alarm.state.rawValue)"))]
    }
    if alarm.count > 1 { return ["tone": .text(tone.tag), "text": .text("× \(alarm.count)")] }
    if tone == .fault { return ["tone": .text(tone.tag), "text": .text(words("level.fault"))] }
    return .none
  }

  private func taken(_ alarm: Alarm, _ words: Words) -> String? {
    guard let act = alarm.acknowledged else { return nil }
    let taken = words("alarms.takenBy", ["name": act.by, "time": formats.time(act.at)])
    guard alarm.resetAt == nil, alarm.source.clearedBy != nil, alarm.closed == nil else { return taken }
    return taken + words("alarms.notResetYet")
  }
}
