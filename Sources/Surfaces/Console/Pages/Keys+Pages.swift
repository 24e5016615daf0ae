import Accounts
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

/// Keys of other programs (接口密钥).
extension Console {
  func installKeys(on router: some RouterMethods<HTTPContext>) {
    get("/keys", on: router) { visit in try await keysPage(visit) }
    post("/keys", on: router) { visit, form in
      try await keyAct(visit, form) { principal throws(AccountsError) in
        guard let scope = Self.scope(form["scope"]) else {
          throw .fieldInvalid(field: "scope", problem: "is not a place")
        }
        var expiresAt: Instant?
        if let text = form.text("expires") {
          guard let day = LocalDate(text) else { throw .fieldInvalid(field: "expires", problem: "is not a day") }
          expiresAt = day.adding(days: 1).start(offsetMinutes: formats.offsetMinutes)
        }
        let permissions = Set(form.all("p-").keys.compactMap { Permission(rawValue: $0) })
        return try await services.accounts.makeKey(
          NewKey(name: form.text("name") ?? "", permissions: permissions, scope: scope, expiresAt: expiresAt),
          by: principal)
      }
    }
    post("/keys/:key/rotation", on: router) { visit, form in
      let id: ID<APIKey> = try visit.id("key")
      return try await keyAct(visit, form) { principal throws(AccountsError) in
        try await services.accounts.rotateKey(id, overlapSeconds: 86_400, by: principal)
      }
    }
    post("/keys/:key/revocation", on: router) { visit, _ in
      try await services.accounts.revokeKey(try visit.id("key"), by: try visit.principal())
      return Self.redirect("/keys")
    }
  }

  /// Makes or rotates a key, and shows its text once.
  private func keyAct(
    _ visit: Visit, _ form: PageForm, _ act: (Principal) async throws(AccountsError) -> MadeKey
  ) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    do {
      let made = try await act(principal)
      return try await page(
        visit, "shown-once", title: words("keys.title"),
        crumbs: [Crumb(name: words("keys.title"), href: "/keys"), Crumb(name: made.key.name)],
        view: [
          "heading": .text(words("keys.madeName", ["name": made.key.name])), "hint": .text(words("keys.hint")),
          "secret": .text(made.text), "back": "/keys",
        ])
    } catch let error as AccountsError {
      if case .unproven = error { throw error }
      var response = try await keysPage(visit, typed: form, problem: text(error, visit))
      response.status = .unprocessableContent
      return response
    }
  }

  private func keysPage(_ visit: Visit, typed: PageForm? = nil, problem: String? = nil) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let page = PageRequest(cursor: visit.query["after"], limit: 50)
    let found = try await services.accounts.keys(page, by: principal)
    let places = try await placeNames(principal)
    // A program cannot verify itself a second time.
    let offered = Permission.allCases.filter { principal.permissions.contains($0) && !$0.isSensitive }
    let view: ViewValue = [
      "mayMake": .flag(visit.may(.accountsKeys)), "problem": .optional(problem),
      "typedName": .optional(typed?["name"]),
      "permissions": .list(
        offered.map { permission in
          [
            "value": .text(permission.rawValue), "text": .text(words("permission.\(permission.rawValue)")),
            "here": .flag(typed?["p-\(permission.rawValue)"] != nil),
          ]
        }),
      "places": .list(
        ([("organisation", words("people.everywhere"))] + places.choices).map {
          ["value": .text($0.0), "text": .text($0.1), "here": .flag($0.0 == typed?["scope"])]
        }),
      "hasRows": .flag(!found.items.isEmpty), "rows": .list(found.items.map { keyRow($0, places, visit) }),
      "next": .optional(found.next.map { visit.query.address(["after": $0]) }),
    ]
    return try await self.page(visit, "keys", title: words("keys.title"), view: view)
  }

  private func keyRow(_ key: APIKey, _ places: PlaceNames, _ visit: Visit) -> ViewValue {
    let words = visit.words
    let isOver = key.expiresAt.map { $0 <= visit.now } ?? false
    let state = key.revokedAt != nil ? "keys.revoked" : isOver ? "keys.expired" : "keys.valid"
    var view: [String: ViewValue] = ["since": .none, "ago": .none]
    if let used = key.usedAt { view = visit.since(used) }
    return .object(view).with([
      "id": .text(key.id.description), "name": .text(key.name), "prefix": .text(key.prefix),
      "permissions": .text(
        key.permissions.map { words("permission.\($0.rawValue)") }.sorted().joined(separator: words("keys.comma"))),
      "place": .text(places.name(key.scope, words)),
      "expires": .text(key.expiresAt.map { formats.moment($0) } ?? words("keys.never")),
      "stateTone": state == "keys.valid" ? "tag-ok" : "tag-off", "stateName": .text(words(state)),
      "isValid": .flag(state == "keys.valid"),
      "overlap": .optional(
        key.previousUntil.flatMap { $0 > visit.now ? words("keys.overlap", ["time": formats.moment($0)]) : nil }),
    ])
  }
}
