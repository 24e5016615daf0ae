import Alarms
import Devices
import Estate
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import OpenAPI

/// The parts of the page of one device.
enum DeviceTab: String, CaseIterable {
  case overview
  case commands
  case events
  case messages
  case rejected
  case certificates
  case keys
}

extension Console {
  func installDevice(on router: some RouterMethods<HTTPContext>) {
    get("/devices/:device", on: router) { visit in try await devicePage(visit) }
    get("/devices/:device/history.json", on: router) { visit in try await historyJSON(visit) }
    get("/devices/:device/commands/:service", on: router) { visit in try await commandForm(visit) }
    get("/devices/:device/twin/:property", on: router) { visit in try await twinForm(visit) }
    post("/devices/:device/twin/:property", on: router) { visit, form in try await desire(visit, form) }
    post("/devices/:device/commands/:service", on: router) { visit, form in try await issue(visit, form) }
  }

  private func devicePage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let id: ID<Device> = try visit.id("device")
    let detail = try await services.devices.device(id, by: principal)
    let tab = visit.query.word("tab") ?? DeviceTab.overview
    var view = try await tabView(tab, detail, visit, principal)
    view["here"] = .text(visit.query.address())
    view["deviceID"] = .text(id.description)
    if visit.isFragment, let part = visit.query["part"], let name = Self.deviceParts[part] {
      return html(try templates.render(name, .object(view.merging(shared(visit)) { $1 })))
    }
    view.merge(try await headView(detail, tab, visit, principal)) { _, new in new }
    let name = detail.device.name.description
    return try await page(
      visit, "device", title: name, place: .devices,
      crumbs: [Crumb(name: visit.words("devices.title"), href: "/devices"), Crumb(name: name)],
      live: "on=device&device=\(id)", view: .object(view))
  }

  /// The parts that refetch themselves, and their templates.
  static let deviceParts = [
    "commands": "device-commands", "twin": "device-twin", "facts": "device-facts", "events": "device-events",
  ]

  private func tabView(
    _ tab: DeviceTab, _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    switch tab {
    case .overview: try await overview(detail, visit, principal)
    case .commands: try await commandsView(detail, visit, principal, limit: 50)
    case .events: try await eventsView(detail, visit, principal)
    case .messages: try await messagesView(detail, visit, principal)
    case .rejected: try await rejectedView(detail, visit, principal)
    case .certificates: certificatesView(detail, visit)
    case .keys: try await deviceKeysTab(detail, visit, principal)
    }
  }

  private func headView(
    _ detail: DeviceDetail, _ tab: DeviceTab, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let words = visit.words
    let device = detail.device
    let state = detail.liveness.state
    let alarms = try await services.alarms.list(
      AlarmQuery(device: device.id, page: PageRequest(limit: 5)), by: principal
    ).items
    var place: String?
    if let room = device.place?.room {
      let found = try await services.estate.room(room, by: principal)
      place = "\(found.projectName) · \(found.text)"
    }
    let isAlarming = alarms.contains { $0.level >= .alarm }
    return [
      "name": .text(device.name.description), "kindName": .text(words("kind.\(device.kind.rawValue)")),
      "icon": .text(DeviceLook.icon(device.kind)),
      "modelName": .text(detail.model.name.text(visit.language)),
      "modelKey": .text("\(device.model) v\(device.modelVersion)"),
      "look": .text(isAlarming ? "alm" : state == .offline || state == .unseen ? "off" : ""),
      "stateTone": .text(DeviceLook.tone(state)), "stateName": .text(words("liveness.\(state.rawValue)")),
      "stateIcon": .optional(DeviceLook.stateIcon(state)),
      "room": .optional(device.place?.room.description), "place": .text(place ?? unplaced(device, words)),
      "tab-\(tab.rawValue)": true,
      "tabs": .list(
        DeviceTab.allCases.filter { $0 != .keys || visit.mayEverywhere(.devicesRead) }.map { each in
          [
            "href": .text("/devices/\(device.id)" + (each == .overview ? "" : "?tab=\(each.rawValue)")),
            "name": .text(words("device.tab-\(each.rawValue)")), "here": .flag(each == tab),
          ]
        }),
      "hasAlarms": .flag(!alarms.isEmpty), "alarms": .list(alarms.map { card($0, visit) }),
      "may": .flag(visit.may(.devicesCommand)),
    ]
  }

  // MARK: Lists of the tabs

  private func eventsView(
    _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let request = PageRequest(cursor: visit.query["after"], limit: 50)
    let found = try await services.devices.events(
      DeviceEventQuery(device: detail.device.id, page: request), by: principal)
    let rows = found.items.map { event -> ViewValue in
      let tone = AlarmTone(event.level)
      let fields = detail.model.event(event.event)?.values ?? []
      let values = fields.compactMap { field -> String? in
        guard let value = event.values[field.key] else { return nil }
        return "\(field.name.text(visit.language)) \(ValueText(value, field, visit.words, formats).whole)"
      }
      return [
        "at": .text(formats.moment(event.receivedAt)), "deviceTime": .text(formats.moment(event.deviceTime)),
        "name": .text(event.name.text(visit.language)),
        "tone": .text(event.level == .info ? "" : tone.tag),
        "levelName": .text(visit.words(event.level == .info ? "level.info" : "level.\(tone.rawValue)")),
        "values": .text(values.joined(separator: " · ")),
      ]
    }
    return list(rows, next: found.next, visit)
  }

  private func messagesView(
    _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let request = PageRequest(cursor: visit.query["after"], limit: 50)
    let found = try await services.devices.rawMessages(detail.device.id, request, by: principal)
    let rows = found.items.map { message -> ViewValue in
      [
        "at": .text(formats.moment(message.receivedAt)), "channel": .text(message.channel),
        "bytes": .text("\(formats.number(message.bytes)) B"), "text": .text(message.text),
      ]
    }
    return list(rows, next: found.next, visit)
  }

  private func rejectedView(
    _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let request = PageRequest(cursor: visit.query["after"], limit: 50)
    let found = try await services.devices.rejectedReadings(detail.device.id, request, by: principal)
    let rows = found.items.map { reading -> ViewValue in
      let property = reading.property.flatMap { detail.model.property($0)?.name.text(visit.language) }
      return [
        "at": .text(formats.moment(reading.receivedAt)),
        "deviceTime": .text(reading.deviceTime.map { formats.moment($0) } ?? ""),
        "property": .text(property ?? reading.property ?? visit.words("device.wholeMessage")),
        "reason": .text(visit.words.named("rejection", reading.reason)), "given": .text(reading.given),
      ]
    }
    return list(rows, next: found.next, visit)
  }

  private func list(_ rows: [ViewValue], next: String?, _ visit: Visit) -> [String: ViewValue] {
    [
      "rows": .list(rows), "hasRows": .flag(!rows.isEmpty),
      "range": .text(visit.words("list.shown", ["n": String(rows.count)])),
      "previous": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "next": .optional(next.map { visit.query.address(["after": $0]) }),
    ]
  }

  private func certificatesView(_ detail: DeviceDetail, _ visit: Visit) -> [String: ViewValue] {
    let rows = detail.certificates.map { certificate -> ViewValue in
      let state = certificateState(certificate, visit.now)
      return [
        "serial": .text(certificate.serial), "fingerprint": .text(certificate.fingerprint),
        "from": .text(formats.moment(certificate.notBefore)), "to": .text(formats.moment(certificate.notAfter)),
        "tone": .text(state.tone), "stateName": .text(visit.words("certificate.\(state.key)")),
      ]
    }
    return list(rows, next: nil, visit)
  }

  func certificateState(_ certificate: DeviceCertificate, _ now: Instant) -> (key: String, tone: String) {
    if certificate.revokedAt != nil { return ("revoked", "tag-bad") }
    if certificate.notAfter <= now { return ("expired", "tag-bad") }
    if certificate.notAfter <= now.advanced(by: .seconds(30 * 86_400)) { return ("ending", "tag-warn") }
    return ("valid", "tag-ok")
  }
}
