import HTTPTypes
import Hummingbird
import KeyLadder
import Kernel
import NIOCore
import OpenAPI
import Provisioning

/// One lot: what is left of it, its devices, its file, and its end.
extension Console {
  /// 5,000 names of 64 letters and the ends of their lines.
  private static let namesBytesMax = 400 * 1_024

  func installLot(on router: some RouterMethods<HTTPContext>) {
    get("/provisioning/lots/:lot", on: router) { visit in try await lotPage(visit) }
    get("/provisioning/lots/:lot/file", on: router) { visit in
      let principal = try visit.principal()
      let id: ID<ProvisioningLot> = try visit.id("lot")
      let file = try await services.provisioning.madeFile(of: id, by: principal)
      let station = try await services.provisioning.summary(ofLot: id, by: principal).station.name
      let name = "\(station)-\(id.description.suffix(6)).keys"
      return Self.attachment(name, "application/octet-stream", ByteBuffer(bytes: file))
    }
    post("/provisioning/lots/:lot/file", on: router, bytesMax: Self.namesBytesMax) { visit, form in
      try await makeFile(visit, form)
    }
    get("/provisioning/lots/:lot/close", on: router) { visit in try await closeForm(visit) }
    post("/provisioning/lots/:lot/close", on: router) { visit, _ in
      let lot = try await services.provisioning.closeLot(try visit.id("lot"), by: try visit.principal())
      return Self.redirect("/provisioning/lots/\(lot.id)?done=closed")
    }
    get("/provisioning/lots/:lot/compromise", on: router) { visit in
      let found = try await writableLot(visit)
      return try await reasonPage(visit, asked(found, visit))
    }
    post("/provisioning/lots/:lot/compromise", on: router) { visit, form in
      let found = try await writableLot(visit)
      let principal = try visit.principal()
      let then = "/provisioning/lots/\(found.lot.id)?done=lotCompromised"
      return try await withReason(visit, form, asked(found, visit), then: then) {
        reason throws(ProvisioningError) in
        _ = try await services.provisioning.withdraw(
          lot: found.lot.id, isCompromised: true, because: reason, by: principal)
      }
    }
  }

  private func lotPage(
    _ visit: Visit, typed: String? = nil, wrong: [String: ViewValue] = [:]
  ) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let found = try await services.provisioning.summary(ofLot: try visit.id("lot"), by: principal)
    let lot = found.lot
    let keys = try await services.provisioning.keys(
      KeyQuery(lot: lot.id, page: PageRequest(limit: 10)), by: principal)
    let state = lot.state(at: visit.now)
    let mayWrite = visit.mayEverywhere(.devicesWrite)
    let isWaiting = lot.isFile && lot.closedAt == nil && found.fileMadeAt == nil && lot.used > 0
    var names = typed
    if isWaiting, names == nil, mayWrite { names = try await waitingNames(lot.id, principal) }
    let isFree = (state == .open || state == .coming || isWaiting) && !found.station.isBlocked
    let path = "/provisioning/lots/\(lot.id)"
    let view = lotRow(found, visit).with([
      "path": .text(path), "done": wrong.isEmpty ? done(visit) : .none,
      "closed": .optional(lot.closedAt.map { formats.moment($0) }),
      "fileMade": .optional(found.fileMadeAt.map { formats.moment($0) }),
      "mayFetch": .flag(mayWrite && found.fileMadeAt != nil && !found.station.isBlocked),
      "mayClose": .flag(mayWrite && lot.closedAt == nil), "mayWithdraw": .flag(mayWrite && lot.used > 0),
      "mayMakeFile": .flag(mayWrite && isFree), "isWaiting": .flag(isWaiting && !found.station.isBlocked),
      "open": .flag(!wrong.isEmpty || isWaiting), "typedDevices": .optional(names),
      "isOnline": .flag(state == .open || state == .coming),
      "hint": .text(words("lotHint.\(state.rawValue)")),
      "filesMax": .text(formats.number(min(Provisioning.fileDevicesMax, max(0, lot.quota - lot.used)))),
      "allKeys": .text("/provisioning/keys?lot=\(lot.id)"), "hasMore": .flag(keys.next != nil),
      "rows": .list(keys.items.map { keyRow($0, visit) }), "hasRows": .flag(!keys.items.isEmpty),
      "mayAudit": .flag(visit.may(.auditRead)),
    ]).with(wrong)
    let name = lotName(lot, words)
    var response = try await page(
      visit, "lot", title: name, place: .provisioning,
      crumbs: provisioningCrumbs(.lots, words, Crumb(name: name)), view: view)
    if !wrong.isEmpty { response.status = .unprocessableContent }
    return response
  }

  // MARK: The file

  /// The devices whose file could not be made, a line each: the same ones make it now.
  private func waitingNames(_ lot: ID<ProvisioningLot>, _ principal: Principal) async throws -> String {
    var names: [String] = []
    var cursor: String?
    repeat {
      let found = try await services.provisioning.keys(
        KeyQuery(lot: lot, state: .pending, page: PageRequest(cursor: cursor, limit: 200)), by: principal)
      names += found.items.map(\.key.device)
      cursor = found.next
    } while cursor != nil && names.count < Provisioning.fileDevicesMax
    return names.reversed().joined(separator: "\n")
  }

  private func makeFile(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    let id: ID<ProvisioningLot> = try visit.id("lot")
    let text = form["devices"] ?? ""
    do throws(ProvisioningError) {
      _ = try await services.provisioning.file(lot: id, devices: try Self.holders(text), by: principal)
      return Self.redirect("/provisioning/lots/\(id)?done=file")
    } catch {
      guard Self.isOfForm(error) else { throw error }
      var wrong = place(error, visit.words)
      if case .deviceHasKey = error { wrong = ["at-devices": .text(self.text(error, visit.words))] }
      return try await lotPage(visit, typed: text, wrong: wrong)
    }
  }

  /// Names with anything between them that a name does not have.
  ///
  /// - Throws: `.fieldInvalid` for none, for one that is no name, and for one that is there twice.
  private static func holders(_ text: String) throws(ProvisioningError) -> [KeyLadder.Holder] {
    let names = text.split { $0.isWhitespace || ",，、;；".contains($0) }
    guard !names.isEmpty, Set(names).count == names.count else {
      throw .fieldInvalid(field: "devices", problem: "are none, or one twice")
    }
    var holders: [KeyLadder.Holder] = []
    for name in names {
      guard let holder = try? KeyLadder.Holder(element: nil, device: Array(name.utf8)) else {
        throw .fieldInvalid(field: "devices", problem: "names a device that can not be one")
      }
      holders.append(holder)
    }
    return holders
  }

  // MARK: Questions

  private func writableLot(_ visit: Visit) async throws -> LotSummary {
    guard visit.mayEverywhere(.devicesWrite) else { throw Problem.denied(Permission.devicesWrite.rawValue) }
    return try await services.provisioning.summary(ofLot: try visit.id("lot"), by: try visit.principal())
  }

  private func lotFacts(_ found: LotSummary, _ words: Words) -> [(String, String)] {
    [
      (words("provisioning.station"), found.station.name),
      (
        words("provisioning.used"), "\(formats.number(found.lot.used)) / \(formats.number(found.lot.quota))"
      ),
    ]
  }

  private func closeForm(_ visit: Visit) async throws -> Response {
    let words = visit.words
    let found = try await writableLot(visit)
    let name = lotName(found.lot, words)
    let heading = words("provisioning.closeName", ["name": name])
    let path = "/provisioning/lots/\(found.lot.id)"
    return try await page(
      visit, "confirm", title: heading, place: .provisioning,
      crumbs: provisioningCrumbs(.lots, words, Crumb(name: name, href: path), Crumb(name: heading)),
      view: [
        "dialog": .flag(visit.isFragment), "heading": .text(heading), "action": .text("\(path)/close"),
        "back": .text(path), "effect": .text(words("provisioning.closeEffect")), "act": .text(heading),
        "facts": .list(lotFacts(found, words).map { ["name": .text($0.0), "value": .text($0.1)] }), "fields": [],
      ], fragment: "confirm")
  }

  private func asked(_ found: LotSummary, _ visit: Visit) -> ReasonAsked {
    let words = visit.words
    let name = lotName(found.lot, words)
    let path = "/provisioning/lots/\(found.lot.id)"
    return ReasonAsked(
      tab: .lots, heading: words("provisioning.lotCompromiseName", ["name": name]),
      effect: words("provisioning.lotCompromiseEffect"), facts: lotFacts(found, words), action: "\(path)/compromise",
      back: Crumb(name: name, href: path), act: words("provisioning.lotCompromiseAct"))
  }
}
