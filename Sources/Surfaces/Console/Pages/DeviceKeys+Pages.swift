import Devices
import Foundation
import HTTPTypes
import Hummingbird
import KeyLadder
import Kernel
import NIOCore
import OpenAPI
import Provisioning

/// The keys of devices (设备密钥): all of them, and what is known of one device's.
extension Console {
  func installDeviceKeys(on router: some RouterMethods<HTTPContext>) {
    get("/provisioning/keys", on: router) { visit in
      visit.query["format"] == "csv" ? try await keysExport(visit) : try await deviceKeysPage(visit)
    }
    get("/provisioning/keys/:device", on: router) { visit in try await deviceKeyPage(visit) }
    for act in KeyAct.allCases {
      get(RouterPath("/provisioning/keys/:device/\(act.rawValue)"), on: router) { visit in
        let key = try await usableKey(visit)
        return try await reasonPage(visit, asked(act, key, from: visit.query["from"], visit.words))
      }
      post(RouterPath("/provisioning/keys/:device/\(act.rawValue)"), on: router) { visit, form in
        try await withdraw(visit, form, act)
      }
    }
  }

  /// What may be done with a key that is used.
  enum KeyAct: String, CaseIterable {
    case compromise
    case retire
    case renew
  }

  // MARK: The list

  private func keyQuery(_ visit: Visit, _ page: PageRequest) -> KeyQuery {
    KeyQuery(
      text: visit.query["q"], lot: visit.query["lot"].flatMap { ID($0) }, state: visit.query.word("state"),
      hasElement: visit.query["element"].map { $0 == "yes" }, page: page)
  }

  private func deviceKeysPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let found = try await services.provisioning.keys(
      keyQuery(visit, PageRequest(cursor: visit.query["after"], limit: 25)), by: principal)
    var lot: ViewValue = .none
    if let id: ID<ProvisioningLot> = visit.query["lot"].flatMap({ ID($0) }) {
      let summary = try await services.provisioning.summary(ofLot: id, by: principal)
      lot = [
        "id": .text(id.description), "name": .text(lotName(summary.lot, words)),
        "all": .text(visit.query.address(["lot": nil, "after": nil])),
      ]
    }
    let isFiltered = ["q", "lot", "state", "element", "after"].contains { visit.query[$0] != nil }
    let view = ViewValue.object(paging(found.items.count, next: found.next, visit)).with([
      "tabs": provisioningTabs(.keys, words), "q": .optional(visit.query["q"]), "lot": lot,
      "filters": .list([
        filter(
          "state", words("provisioning.state"),
          DeviceKeyRecord.State.allCases.map { ($0.rawValue, words("keyState.\($0.rawValue)")) },
          here: visit.query["state"]),
        filter(
          "element", words("provisioning.element"),
          [("yes", words("provisioning.withElement")), ("no", words("provisioning.withoutElement"))],
          here: visit.query["element"]),
      ]),
      "isFiltered": .flag(isFiltered), "rows": .list(found.items.map { keyRow($0, visit) }),
    ])
    return try await page(
      visit, "device-keys", title: words("provisioning.tab-keys"), place: .provisioning,
      crumbs: [
        Crumb(name: words("provisioning.title"), href: "/provisioning"), Crumb(name: words("provisioning.tab-keys")),
      ],
      view: view, fragment: "device-keys-table")
  }

  func keyRow(_ found: KeySummary, _ visit: Visit) -> ViewValue {
    let (key, words) = (found.key, visit.words)
    return [
      "icon": "key-round", "device": .text(key.device), "href": .text("/provisioning/keys/\(key.device)"),
      "elementName": .text(words(key.element == nil ? "provisioning.withoutElement" : "provisioning.withElement")),
      "element": .optional(key.element.map { Self.elementText($0) }), "station": .text(found.stationName),
      "stationHref": .text("/provisioning/stations/\(found.station)"),
      "lot": .text(lotName(key.lot, found.lotNote, words)), "lotHref": .text("/provisioning/lots/\(key.lot)"),
      "tone": .text(Self.tone(key.state)), "stateName": .text(words("keyState.\(key.state.rawValue)")),
      "at": .text(formats.moment(key.provisionedAt)),
    ]
  }

  private static func tone(_ state: DeviceKeyRecord.State) -> String {
    switch state {
    case .pending: "tag-warn"
    case .issued: "tag-info"
    case .confirmed: "tag-ok"
    case .compromised: "tag-bad"
    case .retired: "tag-off"
    }
  }

  /// As its maker printed it when that can be read, else its digits.
  private static func elementText(_ id: [UInt8]) -> String {
    let isPrintable = id.allSatisfy { (0x21...0x7e).contains($0) }
    return isPrintable ? String(decoding: id, as: UTF8.self) : id.hexadecimal
  }

  private func keysExport(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    var csv = CSVText(
      ["device", "state", "element", "elementID", "station", "lot", "provisioned", "withdrawn", "reason"]
        .map { words.named("provisioning", $0) })
    var cursor: String?
    for _ in 0..<CSVText.pagesMax {
      let found = try await services.provisioning.keys(
        keyQuery(visit, PageRequest(cursor: cursor, limit: 200)), by: principal)
      for each in found.items {
        let key = each.key
        csv.add([
          key.device, words("keyState.\(key.state.rawValue)"),
          words(key.element == nil ? "provisioning.withoutElement" : "provisioning.withElement"),
          key.element.map { Self.elementText($0) } ?? "", each.stationName, lotName(key.lot, each.lotNote, words),
          formats.moment(key.provisionedAt), key.withdrawal.map { formats.moment($0.at) } ?? "",
          key.withdrawal?.reason ?? "",
        ])
      }
      cursor = found.next
      if cursor == nil { break }
    }
    return csv.response(name: "anju-device-keys")
  }

  // MARK: One device's key

  private func deviceKeyPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let name = try deviceName(visit)
    // Asked for first: without one this is no page, but for who may not look it is that.
    _ = try await services.provisioning.keyState(of: name, by: principal)
    var view = try await keyView(name, from: nil, visit, principal)
    if let device = try? await services.devices.device(named: name, by: principal).device {
      view["deviceHref"] = .text("/devices/\(device.id)")
    }
    return try await page(
      visit, "device-key-page", title: name, place: .provisioning,
      crumbs: provisioningCrumbs(.keys, words, Crumb(name: name)), view: .object(view))
  }

  /// The same in the page of the device.
  func deviceKeysTab(
    _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    try await keyView(detail.device.name.description, from: detail.device.id.description, visit, principal)
  }

  private func keyView(
    _ name: String, from: String?, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let words = visit.words
    let mayWrite = visit.mayEverywhere(.devicesWrite)
    let found: DeviceKeyState
    do throws(ProvisioningError) {
      found = try await services.provisioning.keyState(of: name, by: principal)
    } catch {
      guard error == .keyUnknown else { throw error }
      return ["hasKey": false, "mayWrite": .flag(mayWrite), "keyDevice": .text(name)]
    }
    let key = found.key
    let all = try await services.provisioning.keys(
      KeyQuery(device: name, page: PageRequest(limit: 20)), by: principal)
    var view: [String: ViewValue] = [
      "hasKey": true, "mayWrite": .flag(mayWrite), "keyDevice": .text(name), "done": done(visit),
      "key": keyRow(found.summary, visit), "stateHint": .text(words("keyHint.\(key.state.rawValue)")),
      "isWithdrawn": .flag(key.state == .compromised || key.state == .retired),
      "isCompromised": .flag(key.state == .compromised), "isUsable": .flag(key.isUsable),
      "withdrawn": .optional(key.withdrawal.map { formats.moment($0.at) }),
      "reason": .optional(key.withdrawal?.reason), "root": .optional(key.rootVersion.map { String($0) }),
      "check": .optional(key.checkValue.map { $0.hexadecimal }),
      "acts": .list(acts(key, from, visit)), "mayAct": .flag(mayWrite && (key.isUsable || key.state == .pending)),
      "before": .list(all.items.dropFirst().map { each in
        keyRow(each, visit).with(["reason": .optional(each.key.withdrawal?.reason)])
      }),
      "hasBefore": .flag(all.items.count > 1), "mayAudit": .flag(visit.may(.auditRead)),
      "keyID": .text(key.id.description),
    ]
    view.merge(agreedView(found, visit)) { _, new in new }
    return view
  }

  /// Communication key and session.
  private func agreedView(_ found: DeviceKeyState, _ visit: Visit) -> [String: ViewValue] {
    let words = visit.words
    let length = Int64(Provisioning.epochSeconds)
    func moment(_ seconds: Int64) -> String { formats.moment(Instant(milliseconds: seconds * 1_000)) }
    let epochs = found.key.isUsable ? found.epochs : []
    let session = found.session.map { session -> ViewValue in
      [
        "since": .text(formats.moment(session.since)),
        "way": .text(words(session.way == .ephemeral ? "provisioning.wayB" : "provisioning.wayA")),
        "epoch": .text(moment(Int64(clamping: session.epoch.start))),
      ]
    }
    return [
      "epoch": epochs.first.map { newest in
        let start = Int64(clamping: newest.epoch.start)
        return [
          "from": .text(moment(start)), "until": .text(moment(start + length)),
          "isOver": .flag(!services.provisioning.isAccepted(newest.epoch)),
        ]
      } ?? .none,
      "renewed": .optional(epochs.map(\.agreedAt).max().map { formats.moment($0) }),
      "session": session ?? .none,
    ]
  }

  private func acts(_ key: DeviceKeyRecord, _ from: String?, _ visit: Visit) -> [ViewValue] {
    let words = visit.words
    let offered: [KeyAct] = key.isUsable ? [.renew, .retire, .compromise] : [.retire, .compromise]
    return offered.map { act in
      let query = from.map { "?from=\($0)" } ?? ""
      return [
        "href": .text("/provisioning/keys/\(key.device)/\(act.rawValue)\(query)"),
        "name": .text(words("provisioning.\(act.rawValue)")), "hint": .text(words("provisioning.\(act.rawValue)Hint")),
        "isGrave": .flag(act == .compromise),
      ]
    }
  }

  // MARK: Withdrawing

  private func deviceName(_ visit: Visit) throws -> String {
    guard let name = visit.context.parameters.get("device")?.removingPercentEncoding else {
      throw Problem.notFound("device")
    }
    return name
  }

  /// - Throws: not found when there is no key to do it with.
  private func usableKey(_ visit: Visit) async throws -> KeySummary {
    guard visit.mayEverywhere(.devicesWrite) else { throw Problem.denied(Permission.devicesWrite.rawValue) }
    let found = try await services.provisioning.keyState(of: try deviceName(visit), by: try visit.principal())
    guard found.key.isUsable || found.key.state == .pending else { throw ProvisioningError.keyUnknown }
    return found.summary
  }

  private func withdraw(_ visit: Visit, _ form: PageForm, _ act: KeyAct) async throws -> Response {
    let found = try await usableKey(visit)
    let principal = try visit.principal()
    let name = found.key.device
    let from = form["from"].flatMap { ID<Device>($0) }
    let then = from.map { "/devices/\($0)?tab=keys&done=\(act.rawValue)" }
      ?? "/provisioning/keys/\(name)?done=\(act.rawValue)"
    return try await withReason(visit, form, asked(act, found, from: from?.description, visit.words), then: then) {
      reason throws(ProvisioningError) in
      switch act {
      case .compromise, .retire:
        try await services.provisioning.withdraw(
          device: name, isCompromised: act == .compromise, because: reason, by: principal)
      case .renew: try await services.provisioning.endEpochs(of: name, because: reason, by: principal)
      }
    }
  }

  private func asked(_ act: KeyAct, _ found: KeySummary, from: String?, _ words: Words) -> ReasonAsked {
    let name = found.key.device
    let heading = words("provisioning.\(act.rawValue)Name", ["name": name])
    let back = from.map { "/devices/\($0)?tab=keys" } ?? "/provisioning/keys/\(name)"
    return ReasonAsked(
      tab: .keys, heading: heading, effect: words("provisioning.\(act.rawValue)Effect"),
      facts: [
        (words("provisioning.station"), found.stationName),
        (words("provisioning.lot"), lotName(found.key.lot, found.lotNote, words)),
        (words("provisioning.state"), words("keyState.\(found.key.state.rawValue)")),
      ],
      action: "/provisioning/keys/\(name)/\(act.rawValue)", back: Crumb(name: name, href: back), act: heading,
      fields: from.map { [("from", $0)] } ?? [])
  }
}
