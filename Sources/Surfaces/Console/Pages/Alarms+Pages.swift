import Alarms
import Devices
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

extension Console {
  func installAlarms(on router: some RouterMethods<HTTPContext>) {
    get("/alarms", on: router) { visit in
      visit.query["format"] == "csv" ? try await alarmsExport(visit) : try await alarmsPage(visit)
    }
    get("/alarms/feed", on: router) { visit in try await feedCards(visit) }
    get("/alarms/:alarm", on: router) { visit in try await alarmPage(visit) }
    post("/alarms/:alarm/acknowledge", on: router) { visit, _ in
      let alarm = try await services.alarms.acknowledge(visit.id("alarm"), by: visit.principal())
      return try acted(alarm, visit)
    }
    post("/alarms/:alarm/close", on: router) { visit, form in try await close(visit, form) }
  }

  // MARK: List

  private func alarmQuery(_ visit: Visit, page: PageRequest) -> AlarmQuery {
    let state = visit.query["state"] ?? "open"
    let tones: Set<AlarmTone> = visit.query.words("level")
    var query = AlarmQuery(
      levels: Set(tones.map(\.level)), kinds: visit.query.words("kind"), text: visit.query["q"], page: page)
    switch state {
    case "all": query.states = Set(AlarmState.allCases)
    default: query.states = AlarmState(rawValue: state).map { [$0] } ?? []
    }
    return query
  }

  private func alarmsPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let size = visit.query.number("size", in: 10...100, default: 25)
    let request = PageRequest(cursor: visit.query["after"], limit: size)
    let found = try await services.alarms.list(alarmQuery(visit, page: request), by: principal)
    let counts = try await services.alarms.counts(by: principal)
    let open = counts.lines.reduce(0) { $0 + $1.open }
    let untaken = counts.lines.reduce(0) { $0 + $1.unacknowledged }
    let words = visit.words
    let view: ViewValue = [
      "count": .text(words("alarms.count", ["open": formats.number(open), "new": formats.number(untaken)])),
      "export": .text(visit.query.address(["format": "csv", "after": nil])),
      "here": .text(visit.query.address()), "size": .text(String(size)),
      "filters": .list(alarmFilters(visit)),
      "hasRows": .flag(!found.items.isEmpty), "rows": .list(found.items.map { row($0, visit) }),
      "range": .text(words("list.shown", ["n": String(found.items.count)])),
      "previous": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "next": .optional(found.next.map { visit.query.address(["after": $0]) }),
    ]
    return try await page(
      visit, "alarms", title: words("alarms.title"), place: .alarms, live: "on=alarms", view: view,
      fragment: "alarms-table")
  }

  private func alarmFilters(_ visit: Visit) -> [ViewValue] {
    let words = visit.words
    let states = ["open", "raised", "acknowledged", "reset", "closed", "all"]
    return [
      filter(
        "state", words("alarms.state"), states.map { ($0, words("alarmState.\($0)")) },
        here: visit.query["state"] ?? "open", all: false),
      filter(
        "level", words("alarms.level"), AlarmTone.allCases.map { ($0.rawValue, words("level.\($0.rawValue)")) },
        here: visit.query["level"]),
      filter(
        "kind", words("devices.kind"), DeviceKind.allCases.map { ($0.rawValue, words("kind.\($0.rawValue)")) },
        here: visit.query["kind"]),
    ]
  }

  /// A choice of a filter bar.
  func filter(
    _ name: String, _ label: String, _ options: [(value: String, text: String)], here: String?, all: Bool = true
  ) -> ViewValue {
    [
      "name": .text(name), "label": .text(label), "all": all ? .text(label) : .none,
      "options": .list(
        options.map { ["value": .text($0.value), "text": .text($0.text), "here": .flag($0.value == here)] }),
    ]
  }

  private func row(_ alarm: Alarm, _ visit: Visit) -> ViewValue {
    let words = visit.words
    let tone = AlarmTone(alarm.level)
    let waits = alarm.resetAt == nil && alarm.source.clearedBy != nil && alarm.closed == nil && alarm.state != .raised
    return .object(visit.since(alarm.raisedAt)).with([
      "id": .text(alarm.id.description), "icon": .text(icon(alarm)),
      "name": .text(alarm.source.name.text(words.language)), "deviceName": .text(alarm.source.deviceName),
      "levelTone": .text(tone.tag), "levelName": .text(words("level.\(tone.rawValue)")),
      "place": .text(alarm.source.placeName), "raised": .text(formats.moment(alarm.raisedAt)),
      "stateTone": .text(Self.tone(alarm.state)), "stateName": .text(words("alarmState.\(alarm.state.rawValue)")),
      "notReset": waits ? .text(words("alarms.notReset")) : .none,
      "by": .text(alarm.closed?.by ?? alarm.acknowledged?.by ?? ""), "note": .text(alarm.closed?.note ?? ""),
      "toAcknowledge": .flag(
        alarm.acknowledged == nil && alarm.closed == nil && visit.may(.alarmsAcknowledge)),
    ])
  }

  static func tone(_ state: AlarmState) -> String {
    switch state {
    case .raised: "tag-bad"
    case .acknowledged: "tag-info"
    case .reset: "tag-ok"
    case .closed: ""
    }
  }

  private func alarmsExport(_ visit: Visit) async throws -> Response {
    let words = visit.words
    var csv = CSVText(
      ["alarm", "level", "place", "device", "raised", "state", "by", "note"].map { words("alarms.\($0)") })
    var request = PageRequest(limit: 200)
    for _ in 0..<CSVText.pagesMax {
      let found = try await services.alarms.list(alarmQuery(visit, page: request), by: visit.principal())
      for alarm in found.items {
        csv.add([
          alarm.source.name.text(words.language), words("level.\(AlarmTone(alarm.level).rawValue)"),
          alarm.source.placeName, alarm.source.deviceName, formats.moment(alarm.raisedAt),
          words("alarmState.\(alarm.state.rawValue)"), alarm.closed?.by ?? alarm.acknowledged?.by ?? "",
          alarm.closed?.note ?? alarm.acknowledged?.note ?? "",
        ])
      }
      guard let next = found.next else { break }
      request = PageRequest(cursor: next, limit: 200)
    }
    return csv.response(name: "anju-alarms")
  }

  // MARK: One

  private func alarmPage(_ visit: Visit) async throws -> Response {
    let id: ID<Alarm> = try visit.id("alarm")
    let detail = try await services.alarms.alarm(id, by: visit.principal())
    let alarm = detail.alarm
    let words = visit.words
    let tone = AlarmTone(alarm.level)
    let card = card(alarm, visit)
    if visit.isFragment, visit.query["part"] == "card" {
      return html(try templates.render("alarm-card", card.with(shared(visit))))
    }
    let name = alarm.source.name.text(words.language)
    let view: ViewValue = [
      "alarmID": .text(id.description), "heading": .text(name), "alarm": card,
      "levelTone": .text(tone.tag), "levelName": .text(words("level.\(tone.rawValue)")),
      "stateTone": .text(Self.tone(alarm.state)), "stateName": .text(words("alarmState.\(alarm.state.rawValue)")),
      "course": .list(detail.steps.reversed().map { step($0, words) }),
      "facts": .list(facts(alarm, words)),
    ]
    return try await page(
      visit, "alarm", title: name, place: .alarms,
      crumbs: [Crumb(name: words("alarms.title"), href: "/alarms"), Crumb(name: name)],
      live: "on=alarms", view: view)
  }

  private func step(_ step: AlarmStep, _ words: Words) -> ViewValue {
    let tone =
      switch step.act {
      case .raised, .raisedAgain: "crit"
      case .acknowledged: "high"
      case .reset, .closed: "ok"
      }
    return [
      "tone": .text(tone), "at": .text(formats.moment(step.at)), "note": .optional(step.note),
      "text": .text(words("alarmStep.\(step.act.rawValue)", ["name": step.by ?? ""])),
    ]
  }

  private func facts(_ alarm: Alarm, _ words: Words) -> [ViewValue] {
    var facts: [(String, String, String?)] = [
      ("alarms.place", alarm.source.placeName, alarm.source.place.map { "/rooms/\($0.room)" }),
      ("alarms.device", alarm.source.deviceName, "/devices/\(alarm.source.device)"),
      ("alarms.raised", formats.moment(alarm.raisedAt), nil),
      ("alarm.last", formats.moment(alarm.lastAt), nil),
      ("alarm.deviceTime", formats.moment(alarm.deviceTime), nil),
      ("alarm.count", formats.number(alarm.count), nil),
      ("alarm.resetAt", alarm.resetAt.map { formats.moment($0) } ?? words("alarm.notYet"), nil),
    ]
    for (key, value) in alarm.values.sorted(by: { $0.key < $1.key }) { facts.append((key, value.description, nil)) }
    return facts.filter { !$0.1.isEmpty }.map {
      ["name": .text(words($0.0)), "value": .text($0.1), "href": .optional($0.2)]
    }
  }

  // MARK: Acts

  private func close(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let id: ID<Alarm> = try visit.id("alarm")
    let note = form.text("note") ?? ""
    let principal = try visit.principal()
    let closed: Alarm
    do throws(AlarmsError) {
      let alarm = try await services.alarms.close(
        id, note: note, withoutReset: form["withoutReset"] == "yes", by: principal)
      closed = alarm
    } catch {
      guard visit.isFragment, error == .noteMissing || error == .notReset else { throw error }
      let alarm = try await services.alarms.alarm(id, by: principal).alarm
      let card = card(alarm, visit, problem: visit.words("code.\(error.code)"), note: note)
      return html(try templates.render("alarm-card", card.with(shared(visit))), status: .unprocessableContent)
    }
    return try acted(closed, visit)
  }

  /// The card as it is now for htmx, the page it was sent from otherwise.
  private func acted(_ alarm: Alarm, _ visit: Visit) throws -> Response {
    guard visit.isFragment else { return Self.redirect("/alarms/\(alarm.id)") }
    return html(try templates.render("alarm-card", card(alarm, visit).with(shared(visit))))
  }

  // MARK: Feed

  /// What stands beside a board: the open alarms, worst first.
  func feed(_ visit: Visit, _ principal: Principal) async throws -> [String: ViewValue] {
    let tone: AlarmTone? = visit.query.word("level")
    let query = AlarmQuery(levels: tone.map { [$0.level] } ?? [], page: PageRequest(limit: 50))
    let found = try await services.alarms.list(query, by: principal)
    let counts = try await services.alarms.counts(by: principal)
    let words = visit.words
    var levels: [ViewValue] = [
      [
        "href": .text(visit.query.address(["level": nil])), "name": .text(words("feed.everything")),
        "here": .flag(tone == nil),
      ]
    ]
    for level in AlarmTone.allCases {
      levels.append([
        "href": .text(visit.query.address(["level": level.rawValue])),
        "name": .text(words("level.\(level.rawValue)")), "here": .flag(level == tone),
      ])
    }
    return [
      "alarms": .list(found.items.sorted(by: Self.feedOrder).map { card($0, visit) }),
      "hasAlarms": .flag(!found.items.isEmpty), "feedLevels": .list(levels),
      "feedFrom": .text("/alarms/feed" + (tone.map { "?level=\($0.rawValue)" } ?? "")),
      "alarmsOpen": .text(String(counts.lines.reduce(0) { $0 + $1.open })),
      "alarmsToday": .text(
        words("feed.untaken", ["n": formats.number(counts.lines.reduce(0) { $0 + $1.unacknowledged })])),
    ]
  }

  /// Taken ones last, critical ones first, then the newest.
  static func feedOrder(_ left: Alarm, _ right: Alarm) -> Bool {
    func rank(_ alarm: Alarm) -> Int { alarm.acknowledged != nil ? 2 : alarm.level == .critical ? 0 : 1 }
    return (rank(left), right.raisedAt) < (rank(right), left.raisedAt)
  }

  private func feedCards(_ visit: Visit) async throws -> Response {
    guard visit.isFragment else { return Self.redirect("/alarms") }
    let view = try await feed(visit, visit.principal())
    return html(try templates.render("feed-cards", .object(view.merging(shared(visit)) { $1 })))
  }
}
