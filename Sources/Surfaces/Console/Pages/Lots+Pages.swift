import HTTPTypes
import Hummingbird
import KeyLadder
import Kernel
import NIOCore
import OpenAPI
import Provisioning

/// Lots (批次): what a station may do for a while.
extension Console {
  func installLots(on router: some RouterMethods<HTTPContext>) {
    get("/provisioning/lots", on: router) { visit in
      visit.query["format"] == "csv" ? try await lotsExport(visit) : try await lotsPage(visit)
    }
    post("/provisioning/lots", on: router) { visit, form in try await openLot(visit, form) }
    installLot(on: router)
  }

  /// Days that a new lot is open when nobody says otherwise, and its devices.
  private static let lotDaysDefault: Int64 = 7
  private static let lotQuotaDefault = 100

  // MARK: The list

  private func lotQuery(_ visit: Visit, _ page: PageRequest) -> LotQuery {
    LotQuery(
      text: visit.query["q"], station: visit.query["station"].flatMap { ID($0) }, state: visit.query.word("state"),
      page: page)
  }

  private func lotsPage(
    _ visit: Visit, typed: PageForm? = nil, wrong: [String: ViewValue] = [:]
  ) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let found = try await services.provisioning.lots(
      lotQuery(visit, PageRequest(cursor: visit.query["after"], limit: 25)), by: principal)
    let stations = try await services.provisioning.stations(
      StationQuery(page: PageRequest(limit: 200)), by: principal
    ).items.map(\.station)
    let isFiltered = ["q", "station", "state", "after"].contains { visit.query[$0] != nil }
    let open = stations.filter { !$0.isBlocked }
    let mayWrite = visit.mayEverywhere(.devicesWrite)
    let station = typed?["station"] ?? visit.query["new"]
    let view = ViewValue.object(paging(found.items.count, next: found.next, visit)).with([
      "tabs": provisioningTabs(.lots, words), "q": .optional(visit.query["q"]),
      "filters": .list([
        filter(
          "station", words("provisioning.station"), stations.map { ($0.id.description, $0.name) },
          here: visit.query["station"]),
        filter(
          "state", words("provisioning.state"),
          ProvisioningLot.State.allCases.map { ($0.rawValue, words("lotState.\($0.rawValue)")) },
          here: visit.query["state"]),
      ]),
      "mayOpen": .flag(mayWrite && !open.isEmpty), "open": .flag(!wrong.isEmpty || visit.query["new"] != nil),
      "isFiltered": .flag(isFiltered), "isNew": .flag(!isFiltered && mayWrite && !open.isEmpty),
      "noStation": .flag(!isFiltered && open.isEmpty && mayWrite),
      "done": wrong.isEmpty ? done(visit) : .none, "quotaMax": .text(String(ProvisioningLot.quotaMax)),
      "noteMax": .text(String(ProvisioningLot.noteLengthMax)),
      "stations": .list(open.map { option($0.id.description, $0.name, station) }),
      "typedQuota": .text(typed?["quota"] ?? String(Self.lotQuotaDefault)),
      "typedFrom": .text(typed?["from"] ?? formats.minute(visit.now)),
      "typedUntil": .text(
        typed?["until"] ?? formats.minute(visit.now.advanced(by: .seconds(Self.lotDaysDefault * 86_400)))),
      "typedNote": .optional(typed?["note"]),
      "rows": .list(found.items.map { lotRow($0, visit) }),
    ]).with(wrong)
    var response = try await page(
      visit, "lots", title: words("provisioning.tab-lots"), place: .provisioning,
      crumbs: [
        Crumb(name: words("provisioning.title"), href: "/provisioning"), Crumb(name: words("provisioning.tab-lots")),
      ],
      view: view, fragment: "lots-table")
    if !wrong.isEmpty { response.status = .unprocessableContent }
    return response
  }

  func lotRow(_ found: LotSummary, _ visit: Visit) -> ViewValue {
    let (lot, words) = (found.lot, visit.words)
    let state = lot.state(at: visit.now)
    let tone =
      switch state {
      case .open: "tag-ok"
      case .coming, .file: "tag-info"
      case .full, .over, .closed: "tag-off"
      }
    let isStopped = found.station.isBlocked && (state == .open || state == .coming)
    return [
      "id": .text(lot.id.description), "icon": "package", "name": .text(lotName(lot, words)),
      "station": .text(found.station.name), "stationID": .text(found.station.id.description),
      "note": .text(lot.note), "used": .text(formats.number(lot.used)), "quota": .text(formats.number(lot.quota)),
      "left": state == .open || state == .coming
        ? .text(words("provisioning.left", ["n": formats.number(max(0, lot.quota - lot.used))])) : .none,
      "percent": .text(String(lot.used * 100 / max(1, lot.quota))),
      "from": .text(formats.moment(lot.validFrom)), "until": .text(formats.moment(lot.validUntil)),
      "tone": .text(tone), "stateName": .text(words("lotState.\(state.rawValue)")),
      "stopped": isStopped ? .text(words("provisioning.stationBlocked")) : .none,
    ]
  }

  /// What people call a lot by: its note, else the day it was opened and the end of its id.
  func lotName(_ lot: ProvisioningLot, _ words: Words) -> String { lotName(lot.id, lot.note, words) }

  func lotName(_ id: ID<ProvisioningLot>, _ note: String, _ words: Words) -> String {
    guard note.isEmpty else { return note }
    return words("provisioning.lotName", ["id": String(id.description.suffix(6))])
  }

  private func lotsExport(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    var csv = CSVText(
      ["lot", "note", "station", "state", "quota", "used", "from", "until"].map { words.named("provisioning", $0) })
    var cursor: String?
    for _ in 0..<CSVText.pagesMax {
      let found = try await services.provisioning.lots(
        lotQuery(visit, PageRequest(cursor: cursor, limit: 200)), by: principal)
      for each in found.items {
        let lot = each.lot
        csv.add([
          lot.id.description, lot.note, each.station.name,
          words("lotState.\(lot.state(at: visit.now).rawValue)"), String(lot.quota), String(lot.used),
          formats.moment(lot.validFrom), formats.moment(lot.validUntil),
        ])
      }
      cursor = found.next
      if cursor == nil { break }
    }
    return csv.response(name: "anju-lots")
  }

  private func openLot(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    do throws(ProvisioningError) {
      guard let station: ID<FactoryStation> = form["station"].flatMap({ ID($0) }) else { throw .stationUnknown }
      guard let from = formats.instant(form["from"] ?? "") else {
        throw .fieldInvalid(field: "from", problem: "is no moment")
      }
      guard let until = formats.instant(form["until"] ?? "") else {
        throw .fieldInvalid(field: "until", problem: "is no moment")
      }
      let lot = try await services.provisioning.openLot(
        station: station, quota: form.text("quota").flatMap { Int($0) } ?? 0, from: from, until: until,
        note: form["note"] ?? "", by: principal)
      return Self.redirect("/provisioning/lots/\(lot.id)?done=opened")
    } catch {
      guard Self.isOfForm(error) else { throw error }
      return try await lotsPage(visit, typed: form, wrong: place(error, visit.words))
    }
  }
}

extension Formats {
  /// `2026-11-23T14:32`, as a field for a moment has it.
  func minute(_ instant: Instant) -> String { "\(day(instant))T\(time(instant).prefix(5))" }

  /// What such a field says; seconds may be there.
  func instant(_ text: String) -> Instant? {
    let text = text.count == 16 ? text + ":00" : text
    return Instant(text: text + "Z")?.advanced(by: .seconds(-Int64(offsetMinutes) * 60))
  }
}
