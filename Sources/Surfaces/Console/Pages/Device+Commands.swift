import Devices
import Estate
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

extension Console {
  /// The commands of a device with their true state, and what it can be told.
  func commandsView(
    _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal, limit: Int
  ) async throws -> [String: ViewValue] {
    let request = PageRequest(cursor: visit.query["after"], limit: limit)
    let found = try await services.devices.commands(
      CommandQuery(device: detail.device.id, page: request), by: principal)
    return [
      "commands": .list(found.items.map { commandView($0, detail, visit) }),
      "hasCommands": .flag(!found.items.isEmpty),
      "commandsNext": .optional(found.next.map { visit.query.address(["tab": "commands", "after": $0]) }),
      "commandsAll": .text("/devices/\(detail.device.id)?tab=commands"),
      "services": .list(
        detail.model.services.map { service in
          [
            "key": .text(service.key), "name": .text(service.name.text(visit.language)),
            "href": .text("/devices/\(detail.device.id)/commands/\(service.key)"),
            "dangerous": .flag(service.dangerous),
          ]
        }),
      "may": .flag(visit.may(.devicesCommand)),
    ]
  }

  private func commandView(_ command: Command, _ detail: DeviceDetail, _ visit: Visit) -> ViewValue {
    let words = visit.words
    let service = detail.model.service(command.service)
    let look = CommandLook(command, hasReadBack: service?.readBack != nil)
    let arguments = (service?.arguments ?? []).compactMap { field -> String? in
      guard let value = command.arguments[field.key] else { return nil }
      return "\(field.name.text(visit.language)) \(ValueText(value, field, words, formats).whole)"
    }
    return .object(visit.since(command.issuedAt)).with([
      "id": .text(command.id.description), "name": .text(service?.name.text(visit.language) ?? command.service),
      "arguments": .text(arguments.joined(separator: " · ")), "by": .text(command.issuedBy),
      "at": .text(formats.moment(command.issuedAt)), "deadline": .text(formats.moment(command.deadline)),
      "tone": .text(look.tone), "stateName": .text(words("command.\(command.state.rawValue)")),
      "state": .text(command.state.rawValue),
      "way": .list(look.steps.map { ["name": .text(words("commandStep.\($0.key)")), "tone": .text($0.tone)] }),
      "failure": .optional(command.failure.map { failureText($0, words) }),
    ])
  }

  private func failureText(_ failure: Command.Failure, _ words: Words) -> String {
    let key = "code.\(failure.code)"
    let text = words(key)
    return text == key ? [failure.code, failure.message].filter { !$0.isEmpty }.joined(separator: ": ") : text
  }

  // MARK: Form

  func commandForm(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    try principal.requireSomewhere(.devicesCommand)
    let detail = try await services.devices.device(visit.id("device"), by: principal)
    let service = try service(visit, detail)
    return try await commandFormPage(visit, detail, service, typed: [:], problem: nil)
  }

  private func service(_ visit: Visit, _ detail: DeviceDetail) throws -> ThingModel.Service {
    guard let key = visit.context.parameters.get("service"), let service = detail.model.service(key) else {
      throw Problem.notFound("service")
    }
    return service
  }

  private func commandFormPage(
    _ visit: Visit, _ detail: DeviceDetail, _ service: ThingModel.Service, typed: [String: String],
    problem: (field: String?, text: String)?
  ) async throws -> Response {
    let words = visit.words
    let name = service.name.text(visit.language)
    var target = detail.device.name.description
    if let room = detail.device.place?.room {
      let place = try await services.estate.room(room, by: visit.principal())
      target = "\(place.text) \(words("kindShort.\(detail.device.kind.rawValue)"))"
    }
    let effect = words(
      service.dangerous ? "command.effectDangerous" : "command.effect", ["name": name, "target": target])
    let view: ViewValue = [
      "dialog": .flag(visit.isFragment), "heading": .text(name), "target": .text(target),
      "deviceName": .text(detail.device.name.description), "effect": .text(effect),
      "offline": detail.liveness.state == .offline
        ? .text(words("command.offline", ["seconds": formats.number(service.deadlineSecondsDefault)])) : .none,
      "dangerous": .flag(service.dangerous),
      "act": .text(words("command.act", ["name": name, "target": target])),
      "action": .text("/devices/\(detail.device.id)/commands/\(service.key)"),
      "back": .text("/devices/\(detail.device.id)"),
      "key": .text(typed["key"] ?? ids.next(Command.self).description),
      "problem": problem?.field == nil ? .optional(problem?.text) : .none,
      "fields": .list(service.arguments.map { field($0, typed[$0.key], problem, visit) }),
      "deadline": .text(words("command.deadline", ["seconds": formats.number(service.deadlineSecondsDefault)])),
    ]
    var response = try await page(
      visit, "command-form", title: name, place: .devices,
      crumbs: [
        Crumb(name: words("devices.title"), href: "/devices"),
        Crumb(name: detail.device.name.description, href: "/devices/\(detail.device.id)"), Crumb(name: name),
      ],
      view: view, fragment: "command-form")
    if problem != nil { response.status = .unprocessableContent }
    return response
  }

  /// One field of a form, by its type in the thing model.
  func field(
    _ field: ThingModel.Field, _ typed: String?, _ problem: (field: String?, text: String)?, _ visit: Visit
  ) -> ViewValue {
    var view: [String: ViewValue] = [
      "key": .text(field.key), "label": .text(field.name.text(visit.language)), "unit": .text(field.unit),
      "required": .flag(!field.optional), "value": .optional(typed),
      "problem": problem?.field == field.key ? .optional(problem?.text) : .none,
    ]
    switch field.type {
    case .bool:
      view["choice"] = true
      view["options"] = .list([
        ["value": "true", "text": .text(visit.words("value.yes")), "here": .flag(typed == "true")],
        ["value": "false", "text": .text(visit.words("value.no")), "here": .flag(typed == "false")],
      ])
    case .enumeration(let choices):
      view["choice"] = true
      view["options"] = .list(
        choices.map {
          ["value": .text($0.key), "text": .text($0.name.text(visit.language)), "here": .flag(typed == $0.key)]
        })
    case .integer(let range):
      view["number"] = ["low": .text(String(range.lowerBound)), "high": .text(String(range.upperBound)), "step": "1"]
    case .decimal(let scale, let range):
      view["number"] = [
        "low": .text(PropertyValue.decimal(mantissa: range.lowerBound, scale: scale).description),
        "high": .text(PropertyValue.decimal(mantissa: range.upperBound, scale: scale).description), "step": "any",
      ]
    case .text(let bytesMax): view["text"] = ["length": .text(String(bytesMax))]
    }
    return .object(view)
  }

  // MARK: Issue

  func issue(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    let detail = try await services.devices.device(visit.id("device"), by: principal)
    let service = try service(visit, detail)
    var typed = form.all("a-")
    typed["key"] = form.text("key")
    var arguments: [String: PropertyValue] = [:]
    for field in service.arguments {
      guard let text = typed[field.key]?.trimming(), !text.isEmpty else { continue }
      guard let value = Self.value(text, field.type) else {
        return try await commandFormPage(
          visit, detail, service, typed: typed, problem: (field.key, visit.words("command.badValue")))
      }
      arguments[field.key] = value
    }
    do {
      let command = try await services.devices.issue(
        NewCommand(
          device: detail.device.id, service: service.key, arguments: arguments, idempotencyKey: form.text("key")),
        by: principal)
      return issued(command, detail, service, visit)
    } catch {
      guard let problem = problem(error, visit.words) else { throw error }
      return try await commandFormPage(visit, detail, service, typed: typed, problem: problem)
    }
  }

  private func issued(
    _ command: Command, _ detail: DeviceDetail, _ service: ThingModel.Service, _ visit: Visit
  ) -> Response {
    let address = "/devices/\(detail.device.id)?tab=commands"
    guard visit.isFragment else { return Self.redirect(address) }
    // The dialog closes; the list of commands is refetched by the event stream, with the command's true state.
    var response = html("")
    response.headers[.htmxTrigger] = #"{"done":"1","issued":"1"}"#
    return response
  }

  /// What the form can mend; nil for what it can not.
  private func problem(_ error: DevicesError, _ words: Words) -> (field: String?, text: String)? {
    switch error {
    case .argumentInvalid(let name, _): (name, words("command.badValue"))
    case .decommissioned, .tooManyCommands, .idempotencyKeyReused: (nil, words("code.\(error.code)"))
    default: nil
    }
  }

  static func value(_ text: String, _ type: ThingModel.ValueType) -> PropertyValue? {
    switch type {
    case .bool: text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
    case .integer: Int64(text).map { .integer($0) }
    case .decimal(let scale, _): decimal(text, scale)
    case .enumeration, .text: .text(text)
    }
  }

  /// `21.5` with the scale 2 is 2150; nil with more decimals than the scale has.
  private static func decimal(_ text: String, _ scale: Int) -> PropertyValue? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count > 1 ? String(parts[1]) : ""
    guard fraction.count <= scale, fraction.allSatisfy({ $0.isASCII && $0.isNumber }),
      let mantissa = Int64(parts[0] + fraction + String(repeating: "0", count: scale - fraction.count))
    else { return nil }
    return .decimal(mantissa: mantissa, scale: scale)
  }
}
