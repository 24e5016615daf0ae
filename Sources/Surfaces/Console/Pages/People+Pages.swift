import Accounts
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

/// People and what they may do (人员与角色): found, invited, given roles, locked out.
extension Console {
  func installPeople(on router: some RouterMethods<HTTPContext>) {
    get("/people", on: router) { visit in try await peoplePage(visit) }
    post("/people", on: router) { visit, form in try await invite(visit, form) }
    get("/people/:account", on: router) { visit in try await personPage(visit, try visit.id("account")) }
    installPersonActs(on: router)
    installPersonConfirmations(on: router)
    installContacts(on: router)
  }

  // MARK: The list

  private func peoplePage(
    _ visit: Visit, typed: PageForm? = nil, problem: String? = nil
  ) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let size = visit.query.number("size", in: 10...200, default: 25)
    let query = AccountQuery(
      text: visit.query["q"], role: visit.query.word("role"), isActive: visit.query["active"].map { $0 == "true" },
      page: PageRequest(cursor: visit.query["after"], limit: size))
    let found = try await services.accounts.accounts(query, by: principal)
    let places = try await placeNames(principal)
    let resets = try await services.accounts.pendingResets(by: principal)
    let view: ViewValue = [
      "q": .optional(visit.query["q"]), "size": .text(String(size)), "here": .text(visit.query.address()),
      "filters": .list([
        filter(
          "role", words("people.role"), Role.allCases.map { ($0.rawValue, words("role.\($0.rawValue)")) },
          here: visit.query["role"]),
        filter(
          "active", words("people.state"), [("true", words("people.active")), ("false", words("people.inactive"))],
          here: visit.query["active"]),
      ]),
      "hasRows": .flag(!found.items.isEmpty), "rows": .list(found.items.map { personRow($0, places, visit) }),
      "next": .optional(found.next.map { visit.query.address(["after": $0]) }),
      "hasPages": .flag(found.next != nil || visit.query["after"] != nil),
      "first": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "mayWrite": .flag(visit.may(.accountsWrite)), "mayManage": .flag(mayManage(visit)),
      "maySearchContacts": .flag(visit.may(.privacyRead)),
      "resets": .list(resets.map { resetView($0, visit) }), "problem": .optional(problem),
      "typedName": .optional(typed?["name"]), "typedDisplayName": .optional(typed?["displayName"]),
      "roles": .list(roleChoices(visit, here: typed?["role"])),
      "places": .list(placeChoices(places, visit, here: typed?["scope"])),
    ]
    var response = try await page(
      visit, "people", title: words("people.title"), place: .people, view: view, fragment: "people-table")
    if problem != nil { response.status = .unprocessableContent }
    return response
  }

  private func mayManage(_ visit: Visit) -> Bool { visit.may(.accountsWrite) || visit.may(.accountsOfficers) }

  private func personRow(_ account: Account, _ places: PlaceNames, _ visit: Visit) -> ViewValue {
    let view: ViewValue = [
      "id": .text(account.id.description), "name": .text(account.name), "displayName": .text(account.displayName),
      "roles": .list(account.assignments.map { assignmentView($0, places, visit) }),
    ]
    return view.with(stateView(account, visit))
  }

  private func stateView(_ account: Account, _ visit: Visit) -> [String: ViewValue] {
    let (tone, key) =
      if !account.isActive {
        ("tag-off", "people.inactive")
      } else if account.lockedUntil(at: visit.now) != nil {
        ("tag-warn", "people.locked")
      } else if account.isInvited {
        ("tag-info", "people.invited")
      } else if account.mustChangePassword {
        ("tag-info", "people.mustChange")
      } else {
        ("tag-ok", "people.active")
      }
    return ["stateTone": .text(tone), "stateName": .text(visit.words(key))]
  }

  private func resetView(_ pending: PendingReset, _ visit: Visit) -> ViewValue {
    .object(visit.since(pending.reset.askedAt)).with([
      "id": .text(pending.reset.id.description), "account": .text(pending.reset.account.description),
      "name": .text(pending.displayName), "address": .text(pending.reset.address),
      "approved": .flag(pending.reset.approvedAt != nil),
    ])
  }

  private func roleChoices(_ visit: Visit, here: String?) -> [ViewValue] {
    let offered = Role.allCases.filter { role in
      visit.may(role.isOffice ? .accountsOfficers : .accountsWrite) || visit.may(.accountsWrite)
    }
    return offered.map { role in
      [
        "value": .text(role.rawValue), "text": .text(visit.words("role.\(role.rawValue)")),
        "here": .flag(role.rawValue == here ?? Role.guard.rawValue),
      ]
    }
  }

  private func placeChoices(_ places: PlaceNames, _ visit: Visit, here: String?) -> [ViewValue] {
    let all = [(value: "organisation", text: visit.words("people.everywhere"))] + places.choices
    return all.map { ["value": .text($0.value), "text": .text($0.text), "here": .flag($0.value == here)] }
  }

  /// Makes an account and shows the link with which its owner chooses a password.
  private func invite(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    do {
      let role = form["role"].flatMap { Role(rawValue: $0) }
      guard let scope = Self.scope(form["scope"]) else {
        throw AccountsError.fieldInvalid(field: "scope", problem: "is not a place")
      }
      let new = NewAccount(
        name: form.text("name") ?? "", displayName: form.text("displayName") ?? "",
        roles: role.map { [NewAssignment($0, in: scope)] } ?? [], password: nil)
      let account = try await services.accounts.create(new, by: principal)
      // Who appointed an officer no longer manages that account: the link is made by who does.
      let isTheirs = account.duty.map { $0 == .business } ?? true
      let token = isTheirs ? try await services.accounts.invite(account.id, by: principal) : nil
      return try await secretPage(
        visit, account, heading: visit.words("people.invitedName", ["name": account.displayName]),
        hint: visit.words(token == nil ? "people.officerHint" : "people.linkHint"),
        secret: token.map { "\(Self.origin(visit))/invitation?token=\($0)" })
    } catch let error as AccountsError {
      if case .unproven = error { throw error }
      return try await peoplePage(visit, typed: form, problem: text(error, visit))
    }
  }

  private static func origin(_ visit: Visit) -> String {
    "https://\(visit.request.head.authority ?? "")"
  }

  /// Shows something once.
  private func secretPage(
    _ visit: Visit, _ account: Account, heading: String, hint: String, secret: String?
  ) async throws -> Response {
    let words = visit.words
    return try await page(
      visit, "shown-once", title: heading, place: .people,
      crumbs: [Crumb(name: words("people.title"), href: "/people"), Crumb(name: account.displayName)],
      view: [
        "heading": .text(heading), "hint": .text(hint), "secret": .optional(secret),
        "back": .text("/people/\(account.id)"),
      ])
  }

  // MARK: One person

  func personPage(
    _ visit: Visit, _ id: ID<Principal>, problem: String? = nil
  ) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let account = try await services.accounts.account(id, by: principal)
    let sessions = try await services.accounts.sessions(of: id, by: principal)
    let places = try await placeNames(principal)
    let isOffice = account.duty.map { $0 != .business } ?? false
    let isManaged = visit.may(isOffice ? .accountsOfficers : .accountsWrite) && id != principal.id
    let roles = account.assignments.map { assignment -> ViewValue in
      let mayTake = visit.may(assignment.role.isOffice ? .accountsOfficers : .accountsWrite) && id != principal.id
      return assignmentView(assignment, places, visit)
        .with(["takeAction": mayTake ? .text("/people/\(id)/revocation") : .none])
    }
    var view: [String: ViewValue] = [
      "id": .text(id.description), "name": .text(account.name), "displayName": .text(account.displayName),
      "made": .text(formats.moment(account.createdAt)),
      "duty": .optional(account.duty.map { words("duty.\($0.rawValue)") }),
      "isActive": .flag(account.isActive), "isInvited": .flag(account.isInvited),
      "isLocked": .flag(account.lockedUntil(at: visit.now) != nil), "isManaged": .flag(isManaged),
    ]
    view["mayAssign"] = .flag(mayManage(visit) && id != principal.id)
    view["isOwn"] = .flag(id == principal.id)
    view["roles"] = .list(roles)
    view["choices"] = .list(roleChoices(visit, here: nil))
    view["places"] = .list(placeChoices(places, visit, here: nil))
    view["sessions"] = .list(sessions.map { sessionView($0, isThis: false, visit) })
    view["mayEnd"] = .flag(mayManage(visit))
    view["endAction"] = .text("/people/\(id)/session")
    view["problem"] = .optional(problem)
    let done = visit.query["done"].map { words.named("people", "done-\($0)") }
    view["done"] = .optional(problem == nil ? done : nil)
    view.merge(stateView(account, visit)) { $1 }
    var response = try await page(
      visit, "person", title: account.displayName, place: .people,
      crumbs: [Crumb(name: words("people.title"), href: "/people"), Crumb(name: account.displayName)],
      view: .object(view).with(["card": try await contactsView(id, visit)]))
    if problem != nil { response.status = .unprocessableContent }
    return response
  }

  private func installPersonActs(on router: some RouterMethods<HTTPContext>) {
    let accounts = services.accounts
    personAct("roles", "role", on: router) { id, principal, form throws(AccountsError) in
      guard let role = form["role"].flatMap({ Role(rawValue: $0) }), let scope = Self.scope(form["scope"]) else {
        throw .fieldInvalid(field: "role", problem: "is not known")
      }
      var until: Instant?
      if let text = form.text("until") {
        guard let day = LocalDate(text) else { throw .fieldInvalid(field: "until", problem: "is not a day") }
        // Through the whole day.
        until = day.adding(days: 1).start(offsetMinutes: formats.offsetMinutes)
      }
      _ = try await accounts.assign(NewAssignment(role, in: scope, until: until), to: id, by: principal)
    }
    personAct("revocation", "revoked", on: router) { _, principal, form throws(AccountsError) in
      guard let role = form["role"].flatMap({ ID<RoleAssignment>($0) }) else { throw .assignmentUnknown }
      _ = try await accounts.revoke(role, by: principal)
    }
    personAct("name", "name", on: router) { id, principal, form throws(AccountsError) in
      _ = try await accounts.change(id, displayName: form.text("displayName") ?? "", by: principal)
    }
    personAct("activity", "activity", on: router) { id, principal, form throws(AccountsError) in
      _ = try await accounts.change(id, isActive: form["active"] == "true", by: principal)
    }
    personAct("unlock", "unlocked", on: router) { id, principal, _ throws(AccountsError) in
      try await accounts.unlock(id, by: principal)
    }
    personAct("second-factor", "factor", on: router) { id, principal, _ throws(AccountsError) in
      try await accounts.removeSecondFactor(of: id, by: principal)
    }
    personAct("session", "session", on: router) { _, principal, form throws(AccountsError) in
      guard let session = form["session"].flatMap({ ID<Session>($0) }) else { throw .sessionUnknown }
      try await accounts.revokeSession(session, by: principal)
    }
    personAct("approval", "approved", on: router) { _, principal, form throws(AccountsError) in
      guard let reset = form["reset"].flatMap({ ID<PasswordReset>($0) }) else { throw .resetUnknown }
      try await accounts.approveReset(reset, by: principal)
    }
    installPersonSecrets(on: router)
  }

  /// What is shown once: a new password, an invitation's link.
  private func installPersonSecrets(on router: some RouterMethods<HTTPContext>) {
    let accounts = services.accounts
    post("/people/:account/password", on: router) { visit, _ in
      let (id, principal): (ID<Principal>, Principal) = (try visit.id("account"), try visit.principal())
      let password = try await accounts.resetPassword(id, by: principal)
      let account = try await accounts.account(id, by: principal)
      return try await secretPage(
        visit, account, heading: visit.words("people.newPasswordName", ["name": account.displayName]),
        hint: visit.words("people.passwordHint"), secret: password)
    }
    post("/people/:account/invitation", on: router) { visit, _ in
      let (id, principal): (ID<Principal>, Principal) = (try visit.id("account"), try visit.principal())
      let token = try await accounts.invite(id, by: principal)
      let account = try await accounts.account(id, by: principal)
      return try await secretPage(
        visit, account, heading: visit.words("people.invitedName", ["name": account.displayName]),
        hint: visit.words("people.linkHint"), secret: "\(Self.origin(visit))/invitation?token=\(token)")
    }
  }

  /// An act on one account, after which its page says that it was done.
  private func personAct(
    _ path: String, _ done: String, on router: some RouterMethods<HTTPContext>,
    _ act: @escaping @Sendable (ID<Principal>, Principal, PageForm) async throws(AccountsError) -> Void
  ) {
    post("/people/:account/\(path)", on: router) { visit, form in
      let id: ID<Principal> = try visit.id("account")
      do throws(AccountsError) {
        let principal: Principal
        do { principal = try visit.principal() } catch { throw .notAPerson }
        try await act(id, principal, form)
        return Self.redirect("/people/\(id)?done=\(done)")
      } catch {
        if case .unproven = error { throw error }
        return try await personPage(visit, id, problem: text(error, visit))
      }
    }
  }
}
