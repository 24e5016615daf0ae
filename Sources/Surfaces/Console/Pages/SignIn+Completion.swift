import Accounts
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

/// What comes after the password: the second factor, or a password of one's own; and lost passwords and invitations.
extension Console {
  func installSignInCompletion(on router: some RouterMethods<HTTPContext>) {
    get("/sign-in/verification", on: router) { visit in
      guard due(visit) == visit.query.path else { return Self.redirect("/") }
      return try await codePage(visit, problem: nil)
    }
    post("/sign-in/verification", on: router) { visit, form in
      guard due(visit) == visit.query.path else { return Self.redirect("/") }
      do throws(AccountsError) {
        guard case .cookie(let token) = visit.context.caller?.proof, let principal = visit.context.caller?.principal
        else { throw .notAPerson }
        try await services.accounts.verify(code: form["code"] ?? "", session: token, by: principal)
        return Self.redirect(Preferences.safePath(form["back"]))
      } catch {
        var response = try await codePage(visit, problem: text(error, visit), back: form["back"])
        response.status = .unprocessableContent
        return response
      }
    }
    get("/sign-in/password", on: router) { visit in
      guard due(visit) == visit.query.path else { return Self.redirect("/") }
      return try await ownPasswordPage(visit, problem: nil)
    }
    post("/sign-in/password", on: router) { visit, form in
      guard due(visit) == visit.query.path, let caller = visit.context.caller else { return Self.redirect("/") }
      do {
        try await changePassword(caller, form)
        return Self.redirect("/")
      } catch let error as AccountsError {
        var response = try await ownPasswordPage(visit, problem: text(error, visit))
        response.status = .unprocessableContent
        return response
      }
    }
    installLost(on: router)
  }

  private func codePage(_ visit: Visit, problem: String?, back: String? = nil) async throws -> Response {
    try await bare(
      visit, title: visit.words("verify.title"), hint: visit.words("verify.signIn"), action: "/sign-in/verification",
      act: visit.words("signIn.act"), problem: problem, back: back ?? visit.query["back"],
      fields: [Self.codeInput(visit)], leaves: true)
  }

  private func ownPasswordPage(_ visit: Visit, problem: String?) async throws -> Response {
    try await bare(
      visit, title: visit.words("account.changePassword"), hint: visit.words("account.mustChange"),
      action: "/sign-in/password", act: visit.words("account.changePassword"), problem: problem, back: nil,
      fields: [
        Self.passwordInput("password-old", visit.words("account.oldPassword"), isNew: false),
        Self.passwordInput(
          "password-new", visit.words("account.newPassword"), hint: visit.words("account.passwordHint")),
      ], leaves: true)
  }

  /// - Throws: `AccountsError`.
  func changePassword(_ caller: Caller, _ form: PageForm) async throws {
    var kept: String?
    if case .cookie(let token) = caller.proof { kept = token }
    try await services.accounts.changePassword(
      from: form["password-old"] ?? "", to: form["password-new"] ?? "", keeping: kept, by: caller.principal)
  }

  // MARK: Lost passwords and invitations

  private func installLost(on router: some RouterMethods<HTTPContext>) {
    get("/lost-password", on: router) { visit in try await lostPage(visit, problem: nil) }
    post("/lost-password", on: router) { visit, form in
      try rates.ofSignIn.take(visit.context.peerAddress)
      do {
        let token = try await services.accounts.askReset(
          name: form.text("name") ?? "", from: visit.context.origin(visit.request))
        return try await proofsPage(visit, token: token, problem: nil)
      } catch let error as AccountsError {
        var response = try await lostPage(visit, problem: text(error, visit))
        response.status = .tooManyRequests
        return response
      }
    }
    post("/lost-password/proofs", on: router) { visit, form in try await complete(visit, form, isInvitation: false) }
    get("/invitation", on: router) { visit in
      try await invitationPage(visit, token: visit.query["token"] ?? "", problem: nil)
    }
    post("/invitation", on: router) { visit, form in try await complete(visit, form, isInvitation: true) }
  }

  private func complete(_ visit: Visit, _ form: PageForm, isInvitation: Bool) async throws -> Response {
    try rates.ofSignIn.take(visit.context.peerAddress)
    let token = form["token"] ?? ""
    do throws(AccountsError) {
      try await services.accounts.completeReset(
        token: token, ResetProofs(contactCode: form.text("contact"), factorCode: form.text("factor")),
        newPassword: form["password-new"] ?? "", from: visit.context.origin(visit.request))
      return Self.redirect("/sign-in?done=password")
    } catch {
      let problem = text(error, visit)
      var response =
        isInvitation
        ? try await invitationPage(visit, token: token, problem: problem)
        : try await proofsPage(visit, token: token, problem: problem)
      response.status = .unprocessableContent
      return response
    }
  }

  private func lostPage(_ visit: Visit, problem: String?) async throws -> Response {
    try await bare(
      visit, title: visit.words("lost.title"), hint: visit.words("lost.ask"), action: "/lost-password",
      act: visit.words("lost.next"), problem: problem, back: nil,
      fields: [Self.input("name", visit.words("signIn.name"), type: "text", complete: "username")])
  }

  private func proofsPage(_ visit: Visit, token: String, problem: String?) async throws -> Response {
    let words = visit.words
    return try await bare(
      visit, title: words("lost.title"), hint: words("lost.proofs"), action: "/lost-password/proofs",
      act: words("lost.act"), problem: problem, back: nil,
      fields: [
        Self.input("contact", words("lost.contactCode"), type: "text", complete: "one-time-code", optional: true),
        Self.input("factor", words("lost.factorCode"), type: "text", complete: "off", optional: true),
        Self.passwordInput("password-new", words("account.newPassword"), hint: words("account.passwordHint")),
      ], hidden: [("token", token)])
  }

  private func invitationPage(_ visit: Visit, token: String, problem: String?) async throws -> Response {
    try await bare(
      visit, title: visit.words("lost.invited"), hint: visit.words("lost.invitedHint"), action: "/invitation",
      act: visit.words("lost.choose"), problem: problem, back: nil,
      fields: [
        Self.passwordInput(
          "password-new", visit.words("account.newPassword"), hint: visit.words("account.passwordHint"))
      ], hidden: [("token", token)])
  }

  // MARK: One card in the middle

  /// A page of one form, without the frame.
  private func bare(
    _ visit: Visit, title: String, hint: String, action: String, act: String, problem: String?, back: String?,
    fields: [ViewValue], hidden: [(String, String)] = [], leaves: Bool = false
  ) async throws -> Response {
    let all = hidden + (back.map { [("back", Preferences.safePath($0))] } ?? [])
    return try await page(
      visit, "card-form", title: title,
      view: [
        "heading": .text(title), "hint": .text(hint), "action": .text(action), "act": .text(act),
        "problem": .optional(problem), "leaves": .flag(leaves), "fields": .list(fields),
        "hidden": .list(all.map { ["name": .text($0.0), "value": .text($0.1)] }),
      ], framed: false)
  }

  static func input(
    _ name: String, _ label: String, type: String, complete: String, hint: String? = nil, optional: Bool = false
  ) -> ViewValue {
    [
      "name": .text(name), "label": .text(label), "type": .text(type), "complete": .text(complete),
      "hint": .optional(hint), "required": .flag(!optional),
    ]
  }

  static func passwordInput(_ name: String, _ label: String, hint: String? = nil, isNew: Bool = true) -> ViewValue {
    input(
      name, label, type: "password", complete: isNew ? "new-password" : "current-password", hint: hint)
  }

  static func codeInput(_ visit: Visit) -> ViewValue {
    input("code", visit.words("verify.code"), type: "text", complete: "one-time-code", hint: visit.words("verify.or"))
  }
}
