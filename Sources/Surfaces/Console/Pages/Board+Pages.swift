import Alarms
import Devices
import Estate
import Hummingbird
import Kernel
import OpenAPI

extension Console {
  /// Devices of a building that a board reads at most: 25 pages.
  static let boardDevicesMax = 5_000

  func installBoard(on router: some RouterMethods<HTTPContext>) {
    get("/rooms", on: router) { visit in try await boardPage(visit) }
    get("/rooms/:room", on: router) { visit in try await roomPage(visit) }
  }

  /// What a building's board is drawn from.
  struct BoardFacts: Sendable {
    let board: Board
    let devices: [ID<Room>: [DeviceSummary]]
    let alarms: [ID<Room>: RoomAlarms]
    /// The worst open alarm of a room, by name.
    let worst: [ID<Room>: Alarm]
    let view: BoardView
    /// The latest values of the device that the view asks for.
    let values: [ID<Room>: [LatestValue]]

    func state(_ room: ID<Room>) -> RoomState {
      RoomState(worst: alarms[room]?.worst, devices: (devices[room] ?? []).map(\.liveness.state))
    }
  }

  func boardFacts(
    _ building: ID<Building>, _ view: BoardView, _ principal: Principal
  ) async throws -> BoardFacts {
    async let board = services.estate.board(building, by: principal)
    async let alarms = services.alarms.rooms(of: building, by: principal)
    async let open = services.alarms.list(
      AlarmQuery(building: building, page: PageRequest(limit: 200)), by: principal)
    async let devices = allDevices(DeviceQuery(building: building), principal)
    var byRoom: [ID<Room>: [DeviceSummary]] = [:]
    for device in try await devices {
      if let room = device.device.place?.room { byRoom[room, default: []].append(device) }
    }
    var worst: [ID<Room>: Alarm] = [:]
    for alarm in try await open.items {
      guard let room = alarm.source.place?.room, worst[room] == nil else { continue }
      worst[room] = alarm
    }
    let values = try await boardValues(byRoom, view, principal)
    return BoardFacts(
      board: try await board, devices: byRoom, alarms: try await alarms, worst: worst, view: view, values: values)
  }

  /// The latest values of a kind of device, by room.
  private func boardValues(
    _ devices: [ID<Room>: [DeviceSummary]], _ view: BoardView, _ principal: Principal
  ) async throws -> [ID<Room>: [LatestValue]] {
    guard let kind = view.kind else { return [:] }
    let rooms = devices.compactMap { room, devices -> (device: ID<Device>, room: ID<Room>)? in
      devices.first { $0.device.kind == kind }.map { ($0.device.id, room) }
    }
    var found: [ID<Room>: [LatestValue]] = [:]
    for start in stride(from: 0, to: rooms.count, by: Self.latestMax) {
      let some = rooms[start..<min(start + Self.latestMax, rooms.count)]
      let values = try await services.devices.latest(some.map(\.device), by: principal)
      for (device, room) in some { found[room] = values[device] }
    }
    return found
  }

  /// Devices whose values are read in one call.
  private static let latestMax = 1_000

  /// Every device that a query finds, up to a limit.
  func allDevices(_ query: DeviceQuery, _ principal: Principal) async throws -> [DeviceSummary] {
    var query = query
    query.page = PageRequest(limit: 200)
    var found: [DeviceSummary] = []
    while found.count < Self.boardDevicesMax {
      let page = try await services.devices.list(query, by: principal)
      found += page.items
      guard let next = page.next else { break }
      query.page = PageRequest(cursor: next, limit: 200)
    }
    return found
  }

  // MARK: Board

  private func boardPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let buildings = try await services.estate.buildings(
      project: nil, PageRequest(limit: 200), by: principal
    ).items
    let wanted: ID<Building>? = visit.query["building"].flatMap { ID($0) }
    guard let building = buildings.first(where: { $0.id == wanted }) ?? buildings.first else {
      return try await emptyBoard(visit, principal)
    }
    let shown: BoardView = visit.query.word("show") ?? .state
    let facts = try await boardFacts(building.id, shown, principal)
    var own = PageQuery(path: "/rooms", values: ["building": building.id.description])
    if shown != .state { own = PageQuery(path: own.path, values: own.values.merging(["show": shown.rawValue]) { $1 }) }
    var view = boardView(facts, visit, own)
    view["kpisFrom"] = .text(own.address(["part": "numbers"]))
    view["kpis"] = .list(try await boardNumbers(facts, visit, principal))
    if visit.isFragment, let part = visit.query["part"] {
      let name = part == "numbers" ? "kpis" : "board-grid"
      return html(try templates.render(name, .object(view.merging(shared(visit)) { $1 })))
    }
    view.merge(try await feed(visit, principal)) { _, new in new }
    let project = try await services.estate.project(building.project, by: principal)
    let choices = buildings.map { (name: $0.name, href: "/rooms?building=\($0.id)", here: $0.id == building.id) }
    return try await page(
      visit, "board", title: words("board.title"), place: .rooms,
      crumbs: [
        Crumb(name: project.name),
        Crumb(name: building.name, choices: (label: words("board.choose"), options: choices)),
      ],
      live: "on=board&building=\(building.id)&show=\(shown.rawValue)", feedful: true, view: .object(view))
  }

  private func emptyBoard(_ visit: Visit, _ principal: Principal) async throws -> Response {
    var view: [String: ViewValue] = ["hasRooms": false, "kpisFrom": "/rooms", "count": "0"]
    view.merge(try await feed(visit, principal)) { _, new in new }
    return try await page(
      visit, "board", title: visit.words("board.title"), place: .rooms, live: "on=board", feedful: true,
      view: .object(view))
  }

  private func boardView(_ facts: BoardFacts, _ visit: Visit, _ own: PageQuery) -> [String: ViewValue] {
    let words = visit.words
    let only: RoomState? = visit.query.word("only")
    var counts: [RoomState: Int] = [:]
    var levels: [Int: [Int: (name: String, rooms: [Room])]] = [:]
    for (place, column) in facts.board.columns.enumerated() {
      for row in column.rows {
        levels[row.floor.level, default: [:]][place] = (row.floor.name, row.rooms)
        for room in row.rooms { counts[facts.state(room.id), default: 0] += 1 }
      }
    }
    var isFirst = true
    let floors = levels.keys.sorted(by: >).map { level -> ViewValue in
      let groups = facts.board.columns.indices.map { place -> ViewValue in
        let rooms = (levels[level]?[place]?.rooms ?? []).map { room -> ViewValue in
          defer { isFirst = false }
          return cell(room, facts, visit, only: only, isTabStop: isFirst)
        }
        return ["rooms": .list(rooms)]
      }
      return ["floor": .text("\(level)F"), "groups": .list(groups)]
    }
    let total = counts.values.reduce(0, +)
    return [
      "hasRooms": .flag(total > 0), "count": .text(words("board.count", ["n": formats.number(total)])),
      "units": .list(facts.board.columns.map { ["name": .text(words.counted("board.unit", $0.unit.name))] }),
      "floors": .list(floors),
      "views": .list(
        BoardView.allCases.map { each in
          [
            "name": .text(words("board.show-\(each.rawValue)")), "here": .flag(each == facts.view),
            "href": .text(own.address(["show": each == .state ? nil : each.rawValue, "only": only?.rawValue])),
          ]
        }),
      "only": .optional(only?.rawValue), "boardFrom": .text(own.address(["part": "grid", "only": only?.rawValue])),
      "legend": .list(
        RoomState.allCases.map { state in
          [
            "state": .text(state.rawValue), "name": .text(words("roomState.\(state.rawValue)")),
            "n": .text(formats.number(counts[state] ?? 0)), "here": .flag(only == state),
            "href": .text(own.address(["only": only == state ? nil : state.rawValue])),
          ]
        }),
    ]
  }

  private func cell(
    _ room: Room, _ facts: BoardFacts, _ visit: Visit, only: RoomState?, isTabStop: Bool
  ) -> ViewValue {
    let tile = tile(room.id, room.name, facts, visit)
    return [
      "id": .text(tile.id), "name": .text(room.name), "state": .text(tile.state), "label": .text(tile.label),
      "aria": .text(tile.aria), "icon": .optional(tile.icon.isEmpty ? nil : tile.icon),
      "amount": .optional(tile.amount.isEmpty ? nil : tile.amount),
      "tab": .text(isTabStop ? "0" : "-1"), "hit": .flag(only?.rawValue == tile.state),
    ]
  }

  private func boardNumbers(
    _ facts: BoardFacts, _ visit: Visit, _ principal: Principal
  ) async throws -> [ViewValue] {
    let devices = facts.devices.values.flatMap { $0 }
    let rooms = facts.board.columns.flatMap(\.rows).flatMap(\.rooms)
    let inAlarm = rooms.count { facts.state($0.id) == .alarm }
    let inFault = rooms.count { facts.state($0.id) == .fault }
    return [
      number(
        "rooms", String(rooms.count), visit, unit: visit.words("unit.rooms"), href: "/rooms",
        subs: [(visit.words("board.floors", ["n": String(Set(rooms.map(\.floorLevel)).count)]), "")]),
      number(
        "rooms_alarm", String(inAlarm), visit, unit: visit.words("unit.rooms"), href: "/rooms?only=alm",
        hot: inAlarm > 0, subs: [(visit.words("board.faults", ["n": String(inFault)]), inFault > 0 ? "wr" : "")]),
    ] + (try await deviceNumbers(devices.map { ($0.device.kind, $0.liveness.state) }, visit, principal))
  }
}
