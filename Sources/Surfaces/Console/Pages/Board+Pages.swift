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

    func state(_ room: ID<Room>) -> RoomState {
      RoomState(worst: alarms[room]?.worst, devices: (devices[room] ?? []).map(\.liveness.state))
    }
  }

  func boardFacts(_ building: ID<Building>, _ principal: Principal) async throws -> BoardFacts {
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
    return BoardFacts(board: try await board, devices: byRoom, alarms: try await alarms, worst: worst)
  }

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
    let facts = try await boardFacts(building.id, principal)
    let own = PageQuery(path: "/rooms", values: ["building": building.id.description])
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
      live: "on=board&building=\(building.id)", feedful: true, view: .object(view))
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
      "tab": .text(isTabStop ? "0" : "-1"), "hit": .flag(only?.rawValue == tile.state),
    ]
  }

  /// What a tile says; the event stream sends the same.
  struct Tile: Encodable, Equatable, Sendable {
    let id: String
    let state: String
    let label: String
    let aria: String
    let icon: String
  }

  func tile(_ room: ID<Room>, _ name: String, _ facts: BoardFacts, _ visit: Visit) -> Tile {
    let words = visit.words
    let state = facts.state(room)
    let devices = facts.devices[room] ?? []
    let label: String
    switch state {
    case .alarm, .fault:
      label = facts.worst[room]?.source.name.text(words.language) ?? words("roomState.\(state.rawValue)")
    case .offline:
      let offline = devices.filter { $0.liveness.state == .offline }
      label =
        offline.count == 1
        ? words("board.offlineOne", ["kind": words("kindShort.\(offline[0].device.kind.rawValue)")])
        : words("board.offlineMany", ["n": String(offline.count)])
    case .normal:
      let online = devices.count { $0.liveness.state == .online }
      label =
        online == devices.count
        ? words("board.allOnline", ["n": String(online)])
        : words("board.someOnline", ["n": String(online), "all": String(devices.count)])
    case .unknown: label = words(devices.isEmpty ? "board.noDevices" : "board.neverSeen")
    }
    return Tile(
      id: room.description, state: state.rawValue, label: label,
      aria: words("board.tile", ["room": name, "state": words("roomState.\(state.rawValue)"), "label": label]),
      icon: state.icon ?? "")
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
