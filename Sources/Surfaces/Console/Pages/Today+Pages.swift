import Alarms
import Devices
import Estate
import Hummingbird
import Kernel
import OpenAPI

extension Console {
  func installToday(on router: some RouterMethods<HTTPContext>) {
    get("/today", on: router) { visit in try await todayPage(visit) }
  }

  private func todayPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let alarms = try await services.alarms.list(
      AlarmQuery(states: [.raised, .reset], page: PageRequest(limit: 20)), by: principal
    ).items
    let needs: ViewValue = .list(alarms.map { card($0, visit) })
    if visit.isFragment, visit.query["part"] == "needs" {
      return html(try templates.render("today-needs", .object(shared(visit)).with(["alarms": needs])))
    }
    let counts = try await services.devices.counts(by: principal).lines
    let view: [String: ViewValue] = [
      "date": .text(formats.day(visit.now).description), "kpisFrom": "/today?part=numbers",
      "kpis": .list(try await todayNumbers(counts, visit, principal)),
    ]
    if visit.isFragment, visit.query["part"] == "numbers" {
      return html(try templates.render("kpis", .object(view.merging(shared(visit)) { $1 })))
    }
    let rest: [String: ViewValue] = [
      "alarms": needs,
      "silent": .list(try await silent(visit, principal)),
      "silentCount": .text(silentCount(counts, words)),
      "commands": .list(try await unsettled(visit, principal)),
      "kinds": .list(kinds(counts, words)),
      "rejected": .list(try await rejected(visit, principal)),
    ]
    return try await page(
      visit, "today", title: words("today.title"), place: .today, live: "on=today",
      view: .object(view.merging(rest) { $1 }))
  }

  private func todayNumbers(
    _ counts: [DeviceCounts.Line], _ visit: Visit, _ principal: Principal
  ) async throws -> [ViewValue] {
    let devices = counts.flatMap { line in
      Array(repeating: (kind: line.kind, state: line.liveness), count: line.count)
    }
    let failed = try await services.devices.commands(
      CommandQuery(states: [.failed, .refused, .expired], page: PageRequest(limit: 200)), by: principal
    ).items
    let running = try await services.devices.commands(
      CommandQuery(states: [.queued, .sent, .received], page: PageRequest(limit: 200)), by: principal
    ).items
    let start = formats.day(visit.now).start(offsetMinutes: formats.offsetMinutes)
    let failedToday = failed.count { $0.issuedAt >= start }
    let rejectedToday = try await services.devices.rejectedReadings(nil, PageRequest(limit: 200), by: principal)
      .items.count { $0.receivedAt >= start }
    let words = visit.words
    return try await deviceNumbers(devices, visit, principal) + [
      number(
        "commands_failed", Self.upTo(failedToday), visit, unit: words("unit.items"), href: "#commands",
        subs: [(words("number.running", ["n": Self.upTo(running.count)]), "")]),
      number(
        "rejected", Self.upTo(rejectedToday), visit, unit: words("unit.items"), href: "#rejected",
        subs: [(words("number.rejectedHint"), "")]),
    ]
  }

  /// A count that was read from one page of 200.
  private static func upTo(_ count: Int) -> String { count >= 200 ? "200+" : String(count) }

  private func silentCount(_ counts: [DeviceCounts.Line], _ words: Words) -> String {
    let silent = counts.filter { $0.liveness == .offline || $0.liveness == .stale }.reduce(0) { $0 + $1.count }
    return words("unit.devicesN", ["n": formats.number(silent)])
  }

  private func silent(_ visit: Visit, _ principal: Principal) async throws -> [ViewValue] {
    let words = visit.words
    let found = try await services.devices.list(
      DeviceQuery(liveness: [.offline, .stale], page: PageRequest(limit: 8)), by: principal
    ).items
    let places = try await roomNames(found.compactMap(\.device.place), principal)
    return found.map { summary in
      let state = summary.liveness.state
      let since = summary.liveness.since ?? summary.device.registeredAt
      return .object(visit.since(since)).with([
        "id": .text(summary.device.id.description), "icon": .text(DeviceLook.icon(summary.device.kind)),
        "kindName": .text(words("kind.\(summary.device.kind.rawValue)")),
        "name": .text(summary.device.name.description),
        "where": .text(summary.device.place.flatMap { places[$0.room] } ?? unplaced(summary.device, words)),
        "tone": .text(DeviceLook.tone(state)), "stateName": .text(words("liveness.\(state.rawValue)")),
      ])
    }
  }

  /// Commands that did not do what was asked, newest first.
  private func unsettled(_ visit: Visit, _ principal: Principal) async throws -> [ViewValue] {
    let found = try await services.devices.commands(
      CommandQuery(states: [.failed, .refused, .expired], page: PageRequest(limit: 6)), by: principal
    ).items
    var views: [ViewValue] = []
    for command in found {
      let detail = try await services.devices.device(command.device, by: principal)
      let look = CommandLook(command)
      let service = detail.model.service(command.service)?.name.text(visit.language) ?? command.service
      views.append(
        .object(visit.since(command.issuedAt)).with([
          "device": .text(command.device.description), "service": .text(service),
          "where": .text(detail.device.name.description), "tone": .text(look.tone),
          "stateName": .text(visit.words("command.\(command.state.rawValue)")),
        ]))
    }
    return views
  }

  private func kinds(_ counts: [DeviceCounts.Line], _ words: Words) -> [ViewValue] {
    DeviceKind.allCases.compactMap { kind in
      let lines = counts.filter { $0.kind == kind }
      let all = lines.reduce(0) { $0 + $1.count }
      guard all > 0 else { return nil }
      let online = lines.filter { $0.liveness == .online }.reduce(0) { $0 + $1.count }
      return [
        "key": .text(kind.rawValue), "icon": .text(DeviceLook.icon(kind)),
        "kindName": .text(words("kind.\(kind.rawValue)")),
        "text": .text(words("number.onlineOf", ["n": formats.number(online), "all": formats.number(all)])),
      ]
    }
  }

  private func rejected(_ visit: Visit, _ principal: Principal) async throws -> [ViewValue] {
    try await services.devices.rejectedReadings(nil, PageRequest(limit: 6), by: principal).items.map { reading in
      .object(visit.since(reading.receivedAt)).with([
        "reason": .text(visit.words.named("rejection", reading.reason)), "property": .text(reading.property ?? ""),
        "given": .text(reading.given),
      ])
    }
  }

  /// Where rooms are, in words; those of other organisations are left out.
  func roomNames(_ places: [DevicePlace], _ principal: Principal) async throws -> [ID<Room>: String] {
    var names: [ID<Room>: String] = [:]
    for building in Set(places.map(\.building)) {
      let board = try await services.estate.board(building, by: principal)
      let wanted = Set(places.map(\.room))
      for column in board.columns {
        let unit = board.columns.count > 1 ? column.unit.name : nil
        for room in column.rows.flatMap(\.rooms) where wanted.contains(room.id) {
          names[room.id] = RoomPlace.text(board.building.name, unit: unit, room: room.name)
        }
      }
    }
    return names
  }

  /// Where a device is that stands in no room: its labels tell, such as `8F`.
  func unplaced(_ device: Device, _ words: Words) -> String {
    device.labels.isEmpty ? words("devices.noPlace") : device.labels.joined(separator: " · ")
  }
}
