import Accounts
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

/// The second verification before what is sensitive (clause 9.3 c): the page asks for the code, and repeats the act
/// with it.
extension Console {
  /// The name of the code's field in any form.
  static let codeField = "verification-code"

  /// Shows the code of a form before its act, if there is one.
  ///
  /// - Returns: the visit of the caller as verified; nil when there was no code.
  func verified(_ visit: Visit, _ form: PageForm) async throws -> Visit? {
    guard let code = form.text(Self.codeField), let caller = visit.context.caller,
      case .cookie(let token) = caller.proof
    else { return nil }
    try await services.accounts.verify(code: code, session: token, by: caller.principal)
    guard let principal = try await identify.principal(of: caller) else { throw Problem.unauthenticated }
    var context = visit.context
    context.caller = Caller(principal: principal, proof: caller.proof)
    var visit = visit
    visit.context = context
    return visit
  }

  /// Leads on to what needed the code.
  func installVerification(on router: some RouterMethods<HTTPContext>) {
    post("/verification", on: router) { visit, form in
      guard form.text(Self.codeField) != nil else { return try await verificationPage(visit, form, problem: nil) }
      return Self.redirect(Preferences.safePath(form["next"]))
    }
  }

  /// Asks for the code before a page. Before a file it is the file's page that comes after it, and the file with it:
  /// the question would stay on the screen otherwise.
  func verificationPage(_ visit: Visit, before asked: PageQuery) async throws -> Response {
    let back = asked.address(["format": nil, "then": nil])
    let next = asked.address(["format": nil, "then": asked["format"]])
    let form = PageForm(text: "next=\(PageQuery.encode(next))&back=\(PageQuery.encode(back))")
    return try await verificationPage(visit, form, action: "/verification", problem: nil)
  }

  /// Gives a page the file that was asked for before the code was.
  ///
  /// - Parameter formats: what the page has files of.
  func withFile(_ response: Response, _ visit: Visit, _ formats: Set<String>) -> Response {
    guard let format = visit.query["then"], formats.contains(format) else { return response }
    var response = response
    response.headers[.refresh] = "0; url=\(visit.query.address(["format": format, "then": nil]))"
    return response
  }

  /// Asks for the code; the form's own fields go with it, but no passwords, which are never written into a page.
  func verificationPage(
    _ visit: Visit, _ form: PageForm, action: String? = nil, problem: String?
  ) async throws -> Response {
    let words = visit.words
    let fields = form.fields.filter { $0.name != Self.codeField && !$0.name.contains("password") }
    var response = try await page(
      visit, "verify", title: words("verify.title"),
      view: [
        "action": .text(action ?? visit.request.uri.path), "problem": .optional(problem),
        "hint": .text(words("verify.again")), "act": .text(words("verify.act")),
        "back": .text(Preferences.safePath(form["back"])), "cancel": .flag(true),
        "fields": .list(fields.map { ["name": .text($0.name), "value": .text($0.value)] }),
      ])
    response.status = problem == nil ? .forbidden : .unprocessableContent
    return response
  }

  /// The page of who has no second factor yet and needs one.
  func factorMissingPage(_ visit: Visit) async throws -> Response {
    let words = visit.words
    var response = try await page(
      visit, "problem", title: words("verify.missingTitle"),
      view: [
        "icon": "shield-check", "heading": .text(words("verify.missingTitle")),
        "reason": .text(words("verify.missing")), "href": "/account", "act": .text(words("verify.setUp")),
      ])
    response.status = .forbidden
    return response
  }

  /// Where a session that is not complete must go first; nil for one that is.
  func due(_ visit: Visit) -> String? {
    guard let principal = visit.context.caller?.principal, !principal.isComplete else { return nil }
    let needsFactor = principal.assurance.hasSecondFactor && principal.assurance.secondFactorAt == nil
    return needsFactor ? "/sign-in/verification" : "/sign-in/password"
  }

  /// What a context's error says, in the visitor's language.
  func text(_ error: AccountsError, _ visit: Visit) -> String {
    switch error {
    case .passwordWeak(let fault): visit.words("passwordFault.\(fault.rawValue)")
    case .locked(let seconds), .tooManyAttempts(let seconds):
      visit.words("signIn.locked", ["minutes": String(max(1, (seconds + 59) / 60))])
    default: visit.words.named("code", error.code)
    }
  }
}

extension HTTPField.Name {
  /// Where a page goes by itself; known by every browser, named in the standard of HTML only.
  // A name of letters alone is never refused.
  fileprivate static let refresh = HTTPField.Name("Refresh")!
}
