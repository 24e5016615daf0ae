import Devices
import Estate
import Hummingbird
import Kernel
import OpenAPI

extension Console {
  func installDevices(on router: some RouterMethods<HTTPContext>) {
    get("/devices", on: router) { visit in
      visit.query["format"] == "csv" ? try await devicesExport(visit) : try await devicesPage(visit)
    }
  }

  /// How the list may be sorted; a minus before it turns it round.
  private enum Sort: String, CaseIterable {
    case name
    case kind
    case place
    case state
    case last
  }

  private func found(_ visit: Visit, _ principal: Principal) async throws -> [DeviceSummary] {
    var query = DeviceQuery(text: visit.query["q"])
    query.kinds = visit.query.words("kind")
    query.liveness = visit.query.words("liveness")
    if let status: DeviceStatus = visit.query.word("status") { query.statuses = [status] }
    query.building = visit.query["building"].flatMap { ID($0) }
    query.room = visit.query["room"].flatMap { ID($0) }
    query.gateway = visit.query["gateway"].flatMap { ID($0) }
    return try await allDevices(query, principal)
  }

  private func sorted(
    _ devices: [DeviceSummary], _ visit: Visit, _ places: [ID<Room>: String]
  ) -> (devices: [DeviceSummary], by: Sort, isDown: Bool) {
    let text = visit.query["sort"] ?? "name"
    let isDown = text.hasPrefix("-")
    let by = Sort(rawValue: String(text.drop { $0 == "-" })) ?? .name
    func key(_ summary: DeviceSummary) -> (String, String) {
      let name = summary.device.name.description
      switch by {
      case .name: return ("", name)
      case .kind: return (visit.words("kind.\(summary.device.kind.rawValue)"), name)
      case .place: return (summary.device.place.flatMap { places[$0.room] } ?? "\u{ffff}", name)
      case .state: return (String(Self.order(summary.liveness.state)), name)
      case .last:
        let moment = summary.liveness.lastMessageAt?.microseconds ?? 0
        return (String(repeating: "0", count: max(0, 20 - String(moment).count)) + String(moment), name)
      }
    }
    let keyed = devices.map { (key($0), $0) }.sorted { isDown ? $0.0 > $1.0 : $0.0 < $1.0 }
    return (keyed.map(\.1), by, isDown)
  }

  private static func order(_ state: LivenessState) -> Int {
    switch state {
    case .offline: 0
    case .stale: 1
    case .unseen: 2
    case .online: 3
    }
  }

  private func devicesPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let all = try await found(visit, principal)
    let places = try await roomNames(all.compactMap(\.device.place), principal)
    let (devices, sort, isDown) = sorted(all, visit, places)
    let size = visit.query.number("size", in: 10...200, default: 25)
    let pages = max(1, (devices.count + size - 1) / size)
    let current = visit.query.number("page", in: 1...pages, default: 1)
    let first = (current - 1) * size
    let shown = Array(devices.dropFirst(first).prefix(size))
    let values = try await services.devices.latest(shown.map(\.device.id), by: principal)
    let view: ViewValue = [
      "count": .text(words("unit.devicesN", ["n": formats.number(devices.count)])),
      "export": .text(visit.query.address(["format": "csv", "page": nil])), "here": .text(visit.query.address()),
      "q": .optional(visit.query["q"]), "sort": .optional(visit.query["sort"]), "size": .text(String(size)),
      "filters": .list(deviceFilters(visit)), "columns": .list(columns(visit, sort, isDown)),
      "hasRows": .flag(!shown.isEmpty),
      "rows": .list(shown.map { deviceRow($0, values[$0.device.id] ?? [], places, visit) }),
      "range": .text(
        words(
          "list.range",
          ["from": String(first + 1), "to": String(first + shown.count), "all": formats.number(devices.count)])),
      "sizes": .list(
        [25, 50, 100].map { each in
          [
            "href": .text(visit.query.address(["size": String(each), "page": nil])),
            "name": .text(words("list.size", ["n": String(each)])), "here": .flag(each == size),
          ]
        }),
      "previous": .optional(current > 1 ? visit.query.address(["page": String(current - 1)]) : nil),
      "next": .optional(current < pages ? visit.query.address(["page": String(current + 1)]) : nil),
    ]
    return try await page(
      visit, "devices", title: words("devices.title"), place: .devices, live: "on=devices", view: view,
      fragment: "devices-table")
  }

  private func deviceFilters(_ visit: Visit) -> [ViewValue] {
    let words = visit.words
    return [
      filter(
        "kind", words("devices.kind"), DeviceKind.allCases.map { ($0.rawValue, words("kind.\($0.rawValue)")) },
        here: visit.query["kind"]),
      filter(
        "liveness", words("devices.state"),
        [("offline,stale", words("devices.silent"))]
          + LivenessState.allCases.map { ($0.rawValue, words("liveness.\($0.rawValue)")) },
        here: visit.query["liveness"]),
      filter(
        "status", words("devices.status"),
        DeviceStatus.allCases.map { ($0.rawValue, words("deviceStatus.\($0.rawValue)")) }, here: visit.query["status"]),
    ]
  }

  private func columns(_ visit: Visit, _ sort: Sort, _ isDown: Bool) -> [ViewValue] {
    func column(_ name: String, _ by: Sort?) -> ViewValue {
      guard let by else { return ["name": .text(visit.words("devices.\(name)"))] }
      let isHere = by == sort
      let next = isHere && !isDown ? "-\(by.rawValue)" : by.rawValue
      return [
        "name": .text(visit.words("devices.\(name)")),
        "href": .text(visit.query.address(["sort": next, "page": nil])),
        "sorted": isHere ? .text(isDown ? "descending" : "ascending") : .none,
        "icon": isHere ? ["icon": .text(isDown ? "arrow-down" : "arrow-up")] : .none,
      ]
    }
    return [
      column("device", .name), column("place", .place), column("state", .state), column("last", .last),
      column("reading", nil), column("model", .kind),
    ]
  }

  private func deviceRow(
    _ summary: DeviceSummary, _ values: [LatestValue], _ places: [ID<Room>: String], _ visit: Visit
  ) -> ViewValue {
    let words = visit.words
    let device = summary.device
    let state = summary.liveness.state
    var view: [String: ViewValue] = ["since": .none, "ago": .none]
    if let last = summary.liveness.lastMessageAt { view = visit.since(last) }
    view.merge(
      [
        "id": .text(device.id.description), "name": .text(device.name.description),
        "icon": .text(DeviceLook.icon(device.kind)), "kindName": .text(words("kind.\(device.kind.rawValue)")),
        "room": .optional(device.place?.room.description),
        "where": .text(device.place.flatMap { places[$0.room] } ?? unplaced(device, words)),
        "tone": .text(DeviceLook.tone(state)), "stateIcon": .optional(DeviceLook.stateIcon(state)),
        "stateName": .text(words("liveness.\(state.rawValue)")),
        "reading": .optional(DeviceLook.reading(values, words, formats)),
        "model": .text("\(device.model) v\(device.modelVersion)"),
      ], uniquingKeysWith: { _, new in new })
    return .object(view)
  }

  private func devicesExport(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let all = try await found(visit, principal)
    let places = try await roomNames(all.compactMap(\.device.place), principal)
    var csv = CSVText(
      ["name", "kind", "place", "state", "last", "model", "status", "registered"].map { words("devices.\($0)") })
    for summary in sorted(all, visit, places).devices {
      let device = summary.device
      csv.add([
        device.name.description, words("kind.\(device.kind.rawValue)"),
        device.place.flatMap { places[$0.room] } ?? device.labels.joined(separator: " "),
        words("liveness.\(summary.liveness.state.rawValue)"),
        summary.liveness.lastMessageAt.map { formats.moment($0) } ?? "", "\(device.model) v\(device.modelVersion)",
        words("deviceStatus.\(device.status.rawValue)"), formats.moment(device.registeredAt),
      ])
    }
    return csv.response(name: "anju-devices")
  }
}
