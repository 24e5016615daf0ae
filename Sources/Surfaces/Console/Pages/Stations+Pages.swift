import Guomi
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import OpenAPI
import Provisioning

/// Stations of manufacturers that put keys into devices (生产工位).
extension Console {
  func installStations(on router: some RouterMethods<HTTPContext>) {
    get("/provisioning", on: router) { visit in
      visit.query["format"] == "csv" ? try await stationsExport(visit) : try await stationsPage(visit)
    }
    post("/provisioning", on: router) { visit, form in try await registerStation(visit, form) }
    get("/provisioning/platform-key", on: router) { visit in try await platformKeyPage(visit) }
    get("/provisioning/platform-key/file", on: router) { visit in
      let key = try await services.provisioning.platformKey(by: try visit.principal())
      return Self.attachment("anju-platform-key.pem", "application/x-pem-file", ByteBuffer(string: key.point.pem))
    }
    get("/provisioning/stations/:station", on: router) { visit in try await stationPage(visit) }
    for isBlock in [true, false] {
      let path = isBlock ? "block" : "unblock"
      get(RouterPath("/provisioning/stations/:station/\(path)"), on: router) { visit in
        let station = try await writableStation(visit)
        return try await reasonPage(visit, asked(station, isBlock, visit.words))
      }
      post(RouterPath("/provisioning/stations/:station/\(path)"), on: router) { visit, form in
        let station = try await writableStation(visit)
        let principal = try visit.principal()
        let then = "/provisioning/stations/\(station.id)?done=\(path)"
        return try await withReason(visit, form, asked(station, isBlock, visit.words), then: then) {
          reason throws(ProvisioningError) in
          if isBlock {
            try await services.provisioning.blockStation(station.id, because: reason, by: principal)
          } else {
            try await services.provisioning.unblockStation(station.id, because: reason, by: principal)
          }
        }
      }
    }
  }

  static func attachment(_ name: String, _ type: String, _ body: ByteBuffer) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: type, .contentDisposition: "attachment; filename=\"\(name)\"", .cacheControl: "no-store",
      ], body: .init(byteBuffer: body))
  }

  // MARK: The list

  private func stationQuery(_ visit: Visit, _ page: PageRequest) -> StationQuery {
    StationQuery(text: visit.query["q"], isBlocked: visit.query["state"].map { $0 == "blocked" }, page: page)
  }

  private func stationsPage(
    _ visit: Visit, typed: PageForm? = nil, wrong: [String: ViewValue] = [:]
  ) async throws -> Response {
    let words = visit.words
    let found = try await services.provisioning.stations(
      stationQuery(visit, PageRequest(cursor: visit.query["after"], limit: 25)), by: try visit.principal())
    let isFiltered = visit.query["q"] != nil || visit.query["state"] != nil || visit.query["after"] != nil
    let mayWrite = visit.mayEverywhere(.devicesWrite)
    let view = ViewValue.object(paging(found.items.count, next: found.next, visit)).with([
      "tabs": provisioningTabs(.stations, words), "q": .optional(visit.query["q"]),
      "filters": [
        filter(
          "state", words("provisioning.state"),
          [("active", words("provisioning.active")), ("blocked", words("provisioning.blocked"))],
          here: visit.query["state"])
      ],
      "mayWrite": .flag(mayWrite), "open": .flag(!wrong.isEmpty), "isFiltered": .flag(isFiltered),
      "isNew": .flag(!isFiltered && mayWrite), "done": wrong.isEmpty ? done(visit) : .none,
      "typedName": .optional(typed?["name"]), "typedVerifying": .optional(typed?["verifyingKey"]),
      "typedEncryption": .optional(typed?["encryptionKey"]),
      "rows": .list(found.items.map { stationRow($0, words) }),
    ]).with(wrong)
    var response = try await page(
      visit, "stations", title: words("provisioning.title"), place: .provisioning, view: view,
      fragment: "stations-table")
    if !wrong.isEmpty { response.status = .unprocessableContent }
    return response
  }

  private func stationRow(_ found: StationSummary, _ words: Words) -> ViewValue {
    stationView(found.station, words).with([
      "lots": .text(formats.number(found.lots)), "devices": .text(formats.number(found.devices)),
      "openLots": found.openLots > 0
        ? .text(words("provisioning.openLots", ["n": formats.number(found.openLots)])) : .none,
    ])
  }

  func stationView(_ station: FactoryStation, _ words: Words) -> ViewValue {
    [
      "icon": "factory", "id": .text(station.id.description), "name": .text(station.name),
      "tone": .text(station.isBlocked ? "tag-bad" : "tag-ok"),
      "stateName": .text(words(station.isBlocked ? "provisioning.blocked" : "provisioning.active")),
      "registered": .text(formats.moment(station.registeredAt)),
      "fingerprint": .text(FactoryStation.fingerprint(of: station.verifyingKey)),
    ]
  }

  private func stationsExport(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    var csv = CSVText(
      ["station", "state", "lots", "devices", "registered", "signingPrint", "encryptionPrint", "blockReason"]
        .map { words.named("provisioning", $0) })
    var cursor: String?
    for _ in 0..<CSVText.pagesMax {
      let found = try await services.provisioning.stations(
        stationQuery(visit, PageRequest(cursor: cursor, limit: 200)), by: principal)
      for each in found.items {
        let station = each.station
        csv.add([
          station.name, words(station.isBlocked ? "provisioning.blocked" : "provisioning.active"), String(each.lots),
          String(each.devices), formats.moment(station.registeredAt),
          FactoryStation.fingerprint(of: station.verifyingKey), FactoryStation.fingerprint(of: station.encryptionKey),
          station.block?.reason ?? "",
        ])
      }
      cursor = found.next
      if cursor == nil { break }
    }
    return csv.response(name: "anju-stations")
  }

  private func registerStation(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    // A key that cannot be read is refused by the service as one that is none, after the permission.
    let new = FactoryStation.New(
      name: form.text("name") ?? "", verifyingKey: FactoryStation.key(text: form["verifyingKey"] ?? "") ?? [],
      encryptionKey: FactoryStation.key(text: form["encryptionKey"] ?? "") ?? [])
    do throws(ProvisioningError) {
      let made = try await services.provisioning.registerStation(new, by: principal)
      return Self.redirect("/provisioning/stations/\(made.id)?done=registered")
    } catch {
      guard Self.isOfForm(error) else { throw error }
      return try await stationsPage(visit, typed: form, wrong: place(error, visit.words))
    }
  }

  // MARK: One station

  private func stationPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let station = try await services.provisioning.station(try visit.id("station"), by: principal)
    let found = try await services.provisioning.lots(
      LotQuery(station: station.id, page: PageRequest(limit: 10)), by: principal)
    let path = "/provisioning/stations/\(station.id)"
    let mayWrite = visit.mayEverywhere(.devicesWrite)
    let view = stationView(station, words).with([
      "path": .text(path), "done": done(visit), "isBlocked": .flag(station.isBlocked), "mayWrite": .flag(mayWrite),
      "mayOpen": .flag(mayWrite && !station.isBlocked), "isNew": .flag(mayWrite && !station.isBlocked),
      "blockedAt": .optional(station.block?.at.map { formats.moment($0) }),
      "blockReason": .optional(station.block?.reason),
      "encryptionPrint": .text(FactoryStation.fingerprint(of: station.encryptionKey)),
      "verifyingPEM": .optional((try? SM2.PublicPoint(x963: station.verifyingKey))?.pem),
      "encryptionPEM": .optional((try? SM2.PublicPoint(x963: station.encryptionKey))?.pem),
      "newLot": .text("/provisioning/lots?new=\(station.id)#new"),
      "allLots": .text("/provisioning/lots?station=\(station.id)"),
      "hasMore": .flag(found.next != nil), "mayAudit": .flag(visit.may(.auditRead)),
      "rows": .list(found.items.map { lotRow($0, visit) }), "hasRows": .flag(!found.items.isEmpty),
    ])
    return try await page(
      visit, "station", title: station.name, place: .provisioning,
      crumbs: provisioningCrumbs(.stations, words, Crumb(name: station.name)), view: view)
  }

  private func writableStation(_ visit: Visit) async throws -> FactoryStation {
    guard visit.mayEverywhere(.devicesWrite) else { throw Problem.denied(Permission.devicesWrite.rawValue) }
    return try await services.provisioning.station(try visit.id("station"), by: try visit.principal())
  }

  private func asked(_ station: FactoryStation, _ isBlock: Bool, _ words: Words) -> ReasonAsked {
    let heading = words(isBlock ? "provisioning.blockName" : "provisioning.unblockName", ["name": station.name])
    let path = "/provisioning/stations/\(station.id)"
    var facts = [(words("provisioning.signingPrint"), FactoryStation.fingerprint(of: station.verifyingKey))]
    if let reason = station.block?.reason, !isBlock { facts.append((words("provisioning.blockReason"), reason)) }
    return ReasonAsked(
      tab: .stations, heading: heading,
      effect: words(isBlock ? "provisioning.blockEffect" : "provisioning.unblockEffect"), facts: facts,
      action: "\(path)/\(isBlock ? "block" : "unblock")", back: Crumb(name: station.name, href: path), act: heading)
  }

  // MARK: The platform's key

  private func platformKeyPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let title = words("provisioning.platformKey")
    var view: ViewValue = ["dialog": .flag(visit.isFragment), "heading": .text(title)]
    do throws(ProvisioningError) {
      let point = try await services.provisioning.platformKey(by: principal).point
      view = view.with([
        "pem": .text(point.pem), "fingerprint": .text(FactoryStation.fingerprint(of: point.x963)),
      ])
    } catch {
      guard error.kind != .denied else { throw error }
      view = view.with(["problem": .text(text(error, words))])
    }
    return try await page(
      visit, "platform-key", title: title, place: .provisioning,
      crumbs: provisioningCrumbs(.stations, words, Crumb(name: title)), view: view, fragment: "platform-key")
  }
}
