import Alarms
import Devices
import Estate
import Foundation
import Kernel
import OpenAPI

/// How far a stream has come.
struct LiveState: Sendable {
  /// The journal entry that was told last.
  var position: Int64
  /// Parts of the page that are no longer true and not yet refetched.
  var untrue: Set<String> = []
  var refreshedAt: Instant?
  var heartbeatAt: Instant?
  var checkedAt: Instant?
  var boardAt: Instant?
  var values: [String: String] = [:]
  var tiles: [String: Console.Tile] = [:]
  var isBoardUntrue = false
  var isOver = false

  init(position: Int64) {
    self.position = position
  }
}

/// One page's event stream: reads the journal after the last entry told, and tells what it means for the page.
struct LiveFeed: Sendable {
  /// Entries read at a time.
  static let entriesMax = 500
  /// A client that missed more refetches its page instead of being told one by one.
  static let gapMax: Int64 = 5_000
  /// How often a board that shows readings looks for new ones.
  static let readingsInterval: Duration = .seconds(5)

  let console: Console
  let visit: Visit
  let caller: Caller
  let topic: LiveTopic
  let position: Int64

  /// What is to be sent now.
  func step(_ state: inout LiveState) async throws -> String {
    let now = console.time.now()
    var text = ""
    guard try await isSignedIn(&state, now) else {
      state.isOver = true
      return event("gone", "{}", id: nil)
    }
    text += try await tellJournal(&state, now)
    if case .device(let id) = topic { text += try await tellValues(id, &state) }
    text += try await tellBoard(&state, now)
    text += tellUntrue(&state, now)
    if text.isEmpty, isDue(state.heartbeatAt, Limits.heartbeat, now) { text = ":\n\n" }
    if !text.isEmpty { state.heartbeatAt = now }
    return text
  }

  private func isDue(_ last: Instant?, _ interval: Duration, _ now: Instant) -> Bool {
    guard let last else { return true }
    return now >= last.advanced(by: interval)
  }

  private func isSignedIn(_ state: inout LiveState, _ now: Instant) async throws -> Bool {
    guard let checked = state.checkedAt else {
      state.checkedAt = now
      return true
    }
    guard now >= checked.advanced(by: Limits.streamCheckTime) else { return true }
    state.checkedAt = now
    return try await console.identify.principal(of: caller)?.grants == caller.principal.grants
  }

  // MARK: Journal

  private func tellJournal(_ state: inout LiveState, _ now: Instant) async throws -> String {
    let journal = console.services.journal
    if try await journal.last() - state.position > Self.gapMax {
      state.position = try await journal.last()
      return event("told", "{}", id: state.position) + event("gone", "{}", id: nil)
    }
    let entries = try await journal.read(
      after: state.position, kinds: topic.kinds, organisation: caller.principal.organisation,
      limit: Self.entriesMax)
    guard let last = entries.last else { return "" }
    var raised: [ID<Alarm>: Bool] = [:]
    for entry in entries {
      take(entry, &state, &raised)
    }
    var text = ""
    let readable = try await console.services.alarms.readable(Set(raised.keys), by: caller.principal)
    for (id, isFresh) in raised.sorted(by: { $0.key < $1.key }) where readable.contains(id) {
      text += try await alarmEvent(id, isFresh: isFresh, now)
    }
    if !raised.isEmpty, caller.principal.permissions.contains(.alarmsRead) { text += try await numbersEvent() }
    // The position goes with the last event of the batch: a break before it repeats the batch, which changes nothing.
    text += event("told", "{}", id: last.sequence)
    state.position = last.sequence
    return text
  }

  /// What an entry is about, of whatever kind.
  private struct Subject: Decodable {
    let device: ID<Device>?
    let building: ID<Building>?
    let alarm: ID<Alarm>?
  }

  private func take(_ entry: JournalEntry, _ state: inout LiveState, _ raised: inout [ID<Alarm>: Bool]) {
    let subject = try? JSONDecoder().decode(Subject.self, from: Data(entry.body))
    if LiveTopic.alarmKinds.contains(entry.kind), let alarm = subject?.alarm {
      raised[alarm] = raised[alarm] == true || entry.kind == AlarmRaised.kind
    }
    if case .device(let id) = topic {
      guard subject?.device == id || entry.subject == id.description else { return }
    }
    if case .board = topic { state.isBoardUntrue = true }
    state.untrue.formUnion(topic.parts(entry.kind))
  }

  // MARK: Events

  private struct AlarmEvent: Encodable {
    let id: String
    let level: String
    let open: Bool
    let fresh: Bool
    let title: String
    let html: String
  }

  private func alarmEvent(_ id: ID<Alarm>, isFresh: Bool, _ now: Instant) async throws -> String {
    let alarm = try await console.services.alarms.alarm(id, by: caller.principal).alarm
    var visit = visit
    visit.now = now
    let card = console.card(alarm, visit).with(console.shared(visit))
    let html = try console.templates.render("alarm-card", card)
    return try event(
      "alarm",
      AlarmEvent(
        id: id.description, level: AlarmTone(alarm.level).rawValue, open: alarm.state != .closed,
        fresh: isFresh && alarm.acknowledged == nil,
        title: "\(alarm.source.name.text(visit.language)) · \(console.place(alarm))", html: html))
  }

  private func numbersEvent() async throws -> String {
    let lines = try await console.services.alarms.counts(by: caller.principal).lines
    let untaken = lines.reduce(0) { $0 + $1.unacknowledged }
    return try event(
      "numbers",
      [
        "alarms_open": String(lines.reduce(0) { $0 + $1.open }),
        "alarms_today": visit.words("feed.untaken", ["n": console.formats.number(untaken)]),
      ])
  }

  private struct ValueEvent: Encodable {
    let key: String
    let text: String
    let at: Int64
  }

  private func tellValues(_ id: ID<Device>, _ state: inout LiveState) async throws -> String {
    let latest = try await console.services.devices.latest(id, by: caller.principal)
    var changed: [LatestValue] = []
    for value in latest {
      let mark = "\(value.value)@\(value.deviceTime.microseconds)"
      if state.values[value.property] != mark { changed.append(value) }
      state.values[value.property] = mark
    }
    guard !changed.isEmpty else { return "" }
    let model = try await console.services.devices.device(id, by: caller.principal).model
    return try event(
      "values",
      changed.map { value in
        let property = model.property(value.property)
        let text = property.map { ValueText(value.value, $0.field, visit.words, console.formats).text }
        return ValueEvent(
          key: value.property, text: text ?? value.value.description, at: value.deviceTime.milliseconds)
      })
  }

  private func tellBoard(_ state: inout LiveState, _ now: Instant) async throws -> String {
    guard case .board(let building?, let view) = topic else { return "" }
    // What devices measure is not in the journal: a board of readings is read again and again.
    let isStale = view != .state && isDue(state.boardAt, Self.readingsInterval, now)
    guard state.isBoardUntrue || isStale else { return "" }
    state.isBoardUntrue = false
    state.boardAt = now
    let facts = try await console.boardFacts(building, view, caller.principal)
    var text = ""
    var counts: [RoomState: Int] = [:]
    for room in facts.board.columns.flatMap(\.rows).flatMap(\.rooms) {
      let tile = console.tile(room.id, room.name, facts, visit)
      counts[facts.state(room.id), default: 0] += 1
      guard state.tiles[tile.id] != tile else { continue }
      state.tiles[tile.id] = tile
      text += try event("room", tile)
    }
    var numbers: [String: String] = [:]
    for each in RoomState.allCases { numbers["rooms_\(each.rawValue)"] = console.formats.number(counts[each] ?? 0) }
    return text + (try event("numbers", numbers))
  }

  private func tellUntrue(_ state: inout LiveState, _ now: Instant) -> String {
    guard !state.untrue.isEmpty, isDue(state.refreshedAt, topic.refreshInterval, now) else { return "" }
    let parts = state.untrue.sorted().map { "\"\($0)\"" }.joined(separator: ",")
    state.untrue = []
    state.refreshedAt = now
    return event("refresh", "{\"parts\":[\(parts)]}", id: nil)
  }

  // MARK: Form

  private func event(_ name: String, _ value: some Encodable) throws -> String {
    event(name, String(decoding: try JSONEncoder().encode(value), as: UTF8.self), id: nil)
  }

  /// JSON has no line breaks of its own, so one data line holds it.
  private func event(_ name: String, _ data: String, id: Int64?) -> String {
    "event: \(name)\n\(id.map { "id: \($0)\n" } ?? "")data: \(data)\n\n"
  }
}
