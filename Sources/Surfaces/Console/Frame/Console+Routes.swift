import Accounts
import HTTPTypes
import Hummingbird
import Kernel
import Logging
import OpenAPI

extension Console {
  typealias Page = @Sendable (Visit) async throws -> Response
  typealias Act = @Sendable (Visit, PageForm) async throws -> Response

  /// Adds a page.
  func get(_ path: RouterPath, on router: some RouterMethods<HTTPContext>, _ page: @escaping Page) {
    router.on(path, method: .get) { request, context in
      let visit = try visit(request, context)
      return try await answer(visit) {
        try rate(visit)
        if let due = due(visit), !Self.isOpen(visit.query.path) {
          return Self.redirect("\(due)?back=\(PageQuery.encode(visit.request.uri.string))")
        }
        return try await drawn(visit, page)
      }
    }
  }

  /// Draws a page; for one that needs a second verification the code is asked, and the page comes after it.
  private func drawn(_ visit: Visit, _ page: Page) async throws -> Response {
    do {
      return try await page(visit)
    } catch let error as any UseCaseError where !visit.isFragment && error.code == Self.verificationNeeded {
      return try await verificationPage(visit, before: visit.query)
    } catch let error as any UseCaseError where !visit.isFragment && error.code == Self.factorNeeded {
      return try await factorMissingPage(visit)
    }
  }

  /// Adds an act: a form posted by one of our own pages.
  ///
  /// - Parameter bytesMax: of the form.
  func post(
    _ path: RouterPath, on router: some RouterMethods<HTTPContext>, bytesMax: Int = PageForm.bytesMax,
    _ act: @escaping Act
  ) {
    router.on(path, method: .post) { request, context in
      let visit = try visit(request, context)
      return try await answer(visit) {
        try rate(visit)
        try SameOrigin.require(request, context: context)
        try SameOrigin.requireUnlessAbsent(request)
        if let due = due(visit), !Self.isOpen(visit.query.path) { return Self.redirect(due) }
        return try await self.act(visit, try await PageForm(request, bytesMax: bytesMax), act)
      }
    }
  }

  /// Runs an act; one that needs a second verification is asked for the code, and repeated with it.
  private func act(_ visit: Visit, _ form: PageForm, _ act: Act) async throws -> Response {
    do {
      return try await act(try await verified(visit, form) ?? visit, form)
    } catch let error as AccountsError {
      switch error {
      case .unproven(let denied) where denied.missing == .verification:
        return try await verificationPage(visit, form, problem: nil)
      case .unproven(let denied) where denied.missing == .secondFactor: return try await factorMissingPage(visit)
      case .codeWrong where form[Self.codeField] != nil, .locked where form[Self.codeField] != nil:
        return try await verificationPage(visit, form, problem: text(error, visit))
      default: throw error
      }
    } catch let error as any UseCaseError where error.code == Self.verificationNeeded {
      return try await verificationPage(visit, form, problem: nil)
    } catch let error as any UseCaseError where error.code == Self.factorNeeded {
      return try await factorMissingPage(visit)
    }
  }

  /// What every context's error says when the second factor is missing.
  private static let verificationNeeded = Denied(permission: .accountsWrite, missing: .verification).code
  private static let factorNeeded = Denied(permission: .accountsWrite, missing: .secondFactor).code

  /// What is there before a sign-in is complete: to end it, or to leave.
  private static func isOpen(_ path: String) -> Bool {
    path.hasPrefix("/sign-in/") || ["/sign-out", "/preferences", "/invitation"].contains(path)
      || path.hasPrefix("/lost-password")
  }

  func installFiles(on router: some RouterMethods<HTTPContext>) {
    for path: RouterPath in ["/static/**", "/vendor/**"] {
      router.on(path, method: .get) { request, context in
        guard let response = files.answer(request) else { throw HTTPError(.notFound) }
        return response
      }
    }
  }

  private func rate(_ visit: Visit) throws(Problem) {
    if let caller = visit.context.caller {
      try rates.ofPrincipal.take(caller.principal.id.description)
    } else {
      try rates.ofAddress.take(visit.context.peerAddress)
    }
  }

  private func visit(_ request: Request, _ context: HTTPContext) throws -> Visit {
    let language = Preferences.language(request)
    guard let words = words[language] else { throw Problem.broken }
    return Visit(
      request: request, context: context, language: language, words: words, theme: Preferences.theme(request),
      query: PageQuery(request), formats: formats, now: time.now())
  }

  /// Runs a page, and turns its errors into pages.
  private func answer(_ visit: Visit, _ run: () async throws -> Response) async throws -> Response {
    do {
      return try await run()
    } catch let problem as Problem {
      return try await self.problem(problem, visit)
    } catch let error as any UseCaseError {
      return try await problem(Problem(error), visit)
    } catch let denied as Denied {
      return try await problem(.denied(denied.permission.rawValue), visit)
    } catch let error as HTTPError {
      throw error
    } catch {
      visit.context.logger.error(
        "page failed", metadata: ["error.type": "\(type(of: error))", "error": "\(error)"])
      return try await problem(.broken, visit)
    }
  }

  /// A problem as a page; nobody signed in leads to the sign-in page and back.
  private func problem(_ problem: Problem, _ visit: Visit) async throws -> Response {
    if problem.status == .unauthorized, visit.request.method == .get, !visit.isFragment {
      let back = PageQuery.encode(visit.request.uri.string)
      return Self.redirect("/sign-in?back=\(back)")
    }
    let view = problemView(problem, visit)
    var response = try await page(
      visit, "problem", title: visit.words(problemKey(problem.status) + "Title"), view: view, fragment: "problem")
    response.status = problem.status
    for field in problem.headers { response.headers[field.name] = field.value }
    return response
  }

  private func problemView(_ problem: Problem, _ visit: Visit) -> ViewValue {
    let key = problemKey(problem.status)
    let own = "code.\(problem.code)"
    let known = visit.words(own)
    return [
      "icon": problem.status == .notFound ? "search" : problem.status == .forbidden ? "lock" : "circle-alert",
      "heading": .text(visit.words(key + "Title")),
      "reason": .text(known == own ? visit.words(key + "Reason") : known),
      "code": .text(problem.code),
      "request": .text(visit.context.requestID),
      "href": .text(home(visit)),
      "act": .text(visit.words("problem.home")),
    ]
  }

  private func problemKey(_ status: HTTPResponse.Status) -> String {
    switch status.code {
    case 401: "problem.signIn"
    case 403: "problem.denied"
    case 404, 410: "problem.notFound"
    case 409, 412: "problem.conflict"
    case 429: "problem.limited"
    case 503: "problem.unavailable"
    case 400..<500: "problem.invalid"
    default: "problem.broken"
    }
  }
}
