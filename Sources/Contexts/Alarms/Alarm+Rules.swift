import Devices
import Kernel

/// The life of an alarm as pure rules: what may happen when, and what it changes.
extension Alarm {
  static let noteLengthMax = 1_000
  /// Repeats beyond the first ten are told to the journal at most so often.
  static let tellMicroseconds: Int64 = 10_000_000

  /// The first sign.
  init(id: ID<Alarm>, organisation: ID<Organisation>, _ sign: AlarmSign, _ source: AlarmSource) {
    self.init(
      id: id, organisation: organisation, source: source, level: sign.level, raisedAt: sign.receivedAt,
      lastAt: sign.receivedAt, deviceTime: sign.deviceTime, count: 1, values: sign.values, acknowledged: nil,
      resetAt: nil, closed: nil, version: 1, toldAt: sign.receivedAt)
  }

  /// What a repeated sign changed.
  enum Repeat: Hashable {
    /// It was back to normal and is not any more: a person is needed again.
    case again
    /// Counted; worth telling the journal.
    case told
    /// Only counted: the journal was told moments ago.
    case counted
  }

  /// The same sign again.
  mutating func repeated(_ sign: AlarmSign) -> Repeat {
    count += 1
    version += 1
    lastAt = max(lastAt, sign.receivedAt)
    if sign.deviceTime >= deviceTime {
      deviceTime = sign.deviceTime
      values = sign.values
    }
    if resetAt != nil {
      resetAt = nil
      acknowledged = nil
      toldAt = sign.receivedAt
      return .again
    }
    guard count <= 10 || sign.receivedAt.microseconds(since: toldAt) >= Self.tellMicroseconds else { return .counted }
    toldAt = sign.receivedAt
    return .told
  }

  /// A named person takes it.
  ///
  /// - Throws: `.alreadyAcknowledged`, `.alreadyClosed`, `.fieldInvalid` for the note.
  mutating func acknowledge(by name: String, at now: Instant, note: String) throws(AlarmsError) {
    guard closed == nil else { throw .alreadyClosed }
    if let acknowledged { throw .alreadyAcknowledged(by: acknowledged.by) }
    guard note.unicodeScalars.count <= Self.noteLengthMax else {
      throw .fieldInvalid(field: "note", problem: "must have at most \(Self.noteLengthMax) characters")
    }
    acknowledged = AlarmAct(by: name, at: now, note: note)
    version += 1
  }

  /// The device says that it is back to normal.
  ///
  /// - Returns: false when it was already.
  mutating func reset(at moment: Instant) -> Bool {
    guard resetAt == nil, closed == nil else { return false }
    resetAt = moment
    version += 1
    return true
  }

  /// A named person ends it and says how it ended; closing one that nobody took takes it too.
  ///
  /// - Parameter withoutReset: the person vouches for an end that the device has not told.
  /// - Throws: `.noteMissing`, `.notReset`, `.alreadyClosed`, `.fieldInvalid`.
  mutating func close(by name: String, at now: Instant, note: String, withoutReset: Bool) throws(AlarmsError) {
    guard closed == nil else { throw .alreadyClosed }
    guard note.contains(where: { !$0.isWhitespace }) else { throw .noteMissing }
    guard note.unicodeScalars.count <= Self.noteLengthMax else {
      throw .fieldInvalid(field: "note", problem: "must have at most \(Self.noteLengthMax) characters")
    }
    guard resetAt != nil || source.clearedBy == nil || withoutReset else { throw .notReset }
    let act = AlarmAct(by: name, at: now, note: note)
    if acknowledged == nil { acknowledged = act }
    closed = act
    version += 1
  }
}
