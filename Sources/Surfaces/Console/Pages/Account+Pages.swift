import Accounts
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

/// One's own account (我的账号): password, second factor, recovery codes, sessions.
extension Console {
  func installAccount(on router: some RouterMethods<HTTPContext>) {
    get("/account", on: router) { visit in try await accountPage(visit) }
    post("/account/password", on: router) { visit, form in
      try await own(visit, section: "password") { caller in
        try await changePassword(caller, form)
        return Self.redirect("/account?done=password")
      }
    }
    post("/account/second-factor", on: router) { visit, form in
      try await own(visit, section: "factor") { caller in
        let offer = try await services.accounts.offerSecondFactor(
          password: form["password"] ?? "", by: caller.principal)
        return try await factorPage(visit, address: offer.address, secret: offer.secret, problem: nil)
      }
    }
    post("/account/second-factor/confirmation", on: router) { visit, form in try await confirmFactor(visit, form) }
    post("/account/second-factor/removal", on: router) { visit, form in
      try await own(visit, section: "factor") { caller in
        try await services.accounts.removeSecondFactor(
          password: form["password"] ?? "", session: Self.token(caller), by: caller.principal)
        return Self.redirect("/account?done=removed")
      }
    }
    post("/account/recovery-codes", on: router) { visit, _ in
      let codes = try await services.accounts.renewRecoveryCodes(by: try visit.principal())
      return try await codesPage(visit, codes)
    }
    post("/account/sessions/others", on: router) { visit, _ in
      guard let caller = visit.context.caller else { throw Problem.unauthenticated }
      _ = try await services.accounts.revokeOtherSessions(keeping: Self.token(caller), by: caller.principal)
      return Self.redirect("/account?done=sessions")
    }
    post("/account/sessions/:session", on: router) { visit, _ in
      try await services.accounts.revokeSession(try visit.id("session"), by: try visit.principal())
      return Self.redirect("/account?done=sessions")
    }
  }

  static func token(_ caller: Caller) throws(AccountsError) -> String {
    guard case .cookie(let token) = caller.proof else { throw .notAPerson }
    return token
  }

  /// Runs an act on one's own account; what is wrong with it is shown beside its form.
  private func own(
    _ visit: Visit, section: String, _ act: (Caller) async throws -> Response
  ) async throws -> Response {
    guard let caller = visit.context.caller else { throw Problem.unauthenticated }
    do {
      return try await act(caller)
    } catch let error as AccountsError {
      if case .unproven = error { throw error }
      return try await refusedAccountPage(visit, section: section, text(error, visit))
    }
  }

  /// The page with what is wrong beside the form it came from.
  func refusedAccountPage(_ visit: Visit, section: String, _ problem: String) async throws -> Response {
    var response = try await accountPage(visit, problem: (section, problem))
    response.status = .unprocessableContent
    return response
  }

  private func confirmFactor(_ visit: Visit, _ form: PageForm) async throws -> Response {
    guard let caller = visit.context.caller else { throw Problem.unauthenticated }
    do {
      let codes = try await services.accounts.confirmSecondFactor(
        code: form["code"] ?? "", session: Self.token(caller), by: caller.principal)
      return try await codesPage(visit, codes)
    } catch let error as AccountsError {
      // The secret is not stored in the clear, so it comes back from the page that showed it.
      var response = try await factorPage(
        visit, address: form["address"] ?? "", secret: form["secret"] ?? "", problem: text(error, visit))
      response.status = .unprocessableContent
      return response
    }
  }

  private func factorPage(
    _ visit: Visit, address: String, secret: String, problem: String?
  ) async throws -> Response {
    let words = visit.words
    return try await page(
      visit, "second-factor", title: words("account.setUp"),
      crumbs: [Crumb(name: words("account.title"), href: "/account"), Crumb(name: words("account.setUp"))],
      view: [
        "qr": .optional(QRCode(address)?.svg(label: words("account.qr"))), "address": .text(address),
        "secret": .text(secret), "shown": .text(Self.grouped(secret)), "problem": .optional(problem),
      ])
  }

  /// In groups of four, as it is read aloud and typed.
  private static func grouped(_ text: String) -> String {
    var groups: [Substring] = []
    var rest = text[...]
    while !rest.isEmpty {
      groups.append(rest.prefix(4))
      rest = rest.dropFirst(4)
    }
    return groups.joined(separator: " ")
  }

  private func codesPage(_ visit: Visit, _ codes: [String]) async throws -> Response {
    let words = visit.words
    return try await page(
      visit, "recovery-codes", title: words("account.codes"),
      crumbs: [Crumb(name: words("account.title"), href: "/account"), Crumb(name: words("account.codes"))],
      view: ["codes": .list(codes.map { ["code": .text($0)] })])
  }

  // MARK: The page

  private func accountPage(_ visit: Visit, problem: (section: String, text: String)? = nil) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let account = try await services.accounts.account(principal.id, by: principal)
    let factor = try await services.accounts.secondFactor(by: principal)
    let places = try await placeNames(principal)
    let done = visit.query["done"].map { words.named("account", "done-\($0)") }
    let needsCode = factor.since != nil && !principal.assurance.isFresh(at: visit.now)
    let view: ViewValue = [
      "name": .text(account.name), "displayName": .text(account.displayName),
      "roles": .list(account.assignments.map { assignmentView($0, places, visit) }),
      "done": .optional(problem == nil ? done : nil),
      "passwordProblem": .optional(problem?.section == "password" ? problem?.text : nil),
      "factorProblem": .optional(problem?.section == "factor" ? problem?.text : nil),
      "needsCode": .flag(needsCode), "codeField": .text(Self.codeField),
      "hasFactor": .flag(factor.since != nil), "codesLow": .flag(factor.recoveryCodesLeft < 3),
      "factorSince": .optional(factor.since.map { words("account.factorSince", ["time": formats.moment($0)]) }),
      "codesLeft": .text(words("account.codesLeft", ["n": String(factor.recoveryCodesLeft)])),
      "sessions": .list(try await sessionViews(visit, principal)),
      "card": try await contactsView(principal.id, visit),
      "contactProblem": .optional(problem?.section == "contact" ? problem?.text : nil),
    ]
    return try await page(visit, "account", title: words("account.title"), view: view)
  }

  private func sessionViews(_ visit: Visit, _ principal: Principal) async throws -> [ViewValue] {
    guard let caller = visit.context.caller else { return [] }
    let mine = try? await services.accounts.session(token: Self.token(caller), by: principal)
    return try await services.accounts.sessions(of: principal.id, by: principal).map { session in
      sessionView(session, isThis: session.id == mine?.id, visit)
    }
  }

  func sessionView(_ session: Session, isThis: Bool, _ visit: Visit) -> ViewValue {
    .object(visit.since(session.usedAt)).with([
      "id": .text(session.id.description), "agent": .text(Self.browser(session.agent, visit.words)),
      "address": .text(session.address), "opened": .text(formats.moment(session.openedAt)),
      "expires": .text(formats.moment(session.expiresAt)), "isThis": .flag(isThis),
      "isVerified": .flag(session.secondFactorAt != nil),
    ])
  }

  /// The browser and the system in a few words; all that is said when neither is known.
  static func browser(_ agent: String, _ words: Words) -> String {
    let browsers = [
      ("MicroMessenger", words("account.weChat")), ("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
      ("Safari/", "Safari"),
    ]
    let systems = [
      ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
      ("Linux", "Linux"),
    ]
    let found = [browsers, systems].compactMap { list in list.first { agent.contains($0.0) }?.1 }
    guard found.isEmpty else { return found.joined(separator: " · ") }
    return agent.isEmpty ? words("account.unknownAgent") : String(agent.prefix(40))
  }
}
