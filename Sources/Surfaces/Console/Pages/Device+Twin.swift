import Devices
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

extension Console {
  private struct TwinProperty {
    let detail: DeviceDetail
    let property: ThingModel.Property
    let twin: Twin

    var entry: Twin.Entry? { twin.entries.first { $0.property == property.key } }
  }

  private func twinProperty(_ visit: Visit) async throws -> TwinProperty {
    let principal = try visit.principal()
    try principal.requireSomewhere(.devicesWrite)
    let id: ID<Device> = try visit.id("device")
    let detail = try await services.devices.device(id, by: principal)
    guard let key = visit.context.parameters.get("property"), let property = detail.model.property(key),
      property.writable
    else { throw Problem.notFound("property") }
    return TwinProperty(detail: detail, property: property, twin: try await services.devices.twin(id, by: principal))
  }

  func twinForm(_ visit: Visit) async throws -> Response {
    let found = try await twinProperty(visit)
    let typed = found.entry?.desired ?? found.entry?.reported
    return try await twinFormPage(visit, found, typed: typed?.description, problem: nil)
  }

  private func twinFormPage(
    _ visit: Visit, _ found: TwinProperty, typed: String?, problem: (field: String?, text: String)?
  ) async throws -> Response {
    let words = visit.words
    let device = found.detail.device
    let property = found.property
    let heading = words("twin.setName", ["name": property.name.text(visit.language)])
    let view: ViewValue = [
      "dialog": .flag(visit.isFragment), "heading": .text(heading), "deviceName": .text(device.name.description),
      "reported": .text(
        found.entry?.reported.map { ValueText($0, property.field, words, formats).whole } ?? words("time.never")),
      "action": .text("/devices/\(device.id)/twin/\(property.key)"),
      "back": .text("/devices/\(device.id)"), "version": .text(String(found.twin.desiredVersion)),
      "isDesired": .flag(found.entry?.desired != nil),
      "problem": problem?.field == nil ? .optional(problem?.text) : .none,
      "fields": [field(property.field, typed, problem, visit)],
    ]
    var response = try await page(
      visit, "twin-form", title: heading, place: .devices,
      crumbs: [
        Crumb(name: words("devices.title"), href: "/devices"),
        Crumb(name: device.name.description, href: "/devices/\(device.id)"), Crumb(name: heading),
      ],
      view: view, fragment: "twin-form")
    if problem != nil { response.status = .unprocessableContent }
    return response
  }

  func desire(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let found = try await twinProperty(visit)
    let key = found.property.key
    let typed = form["a-\(key)"]?.trimming() ?? ""
    let isWithdrawn = form["withdraw"] != nil
    let value = Self.value(typed, found.property.type)
    guard isWithdrawn || value != nil else {
      let problem = (field: Optional(key), text: visit.words("command.badValue"))
      return try await twinFormPage(visit, found, typed: typed, problem: problem)
    }
    let principal = try visit.principal()
    let wanted: [String: PropertyValue?] = [key: isWithdrawn ? nil : value]
    do throws(DevicesError) {
      _ = try await services.devices.desire(
        found.detail.device.id, wanted, expecting: form["version"].flatMap { Int64($0) },
        by: principal)
    } catch {
      switch error {
      case .argumentInvalid, .fieldInvalid, .rangeInvalid:
        let problem = (field: Optional(key), text: visit.words("command.badValue"))
        return try await twinFormPage(visit, found, typed: typed, problem: problem)
      case .stale:
        let problem = (field: String?.none, text: visit.words("twin.changed"))
        return try await twinFormPage(visit, try await twinProperty(visit), typed: typed, problem: problem)
      default: throw error
      }
    }
    guard visit.isFragment else { return Self.redirect("/devices/\(found.detail.device.id)") }
    var response = html("")
    response.headers[.htmxTrigger] = #"{"done":"1"}"#
    return response
  }
}
