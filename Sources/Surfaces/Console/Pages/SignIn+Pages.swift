import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

extension Console {
  func installSignIn(on router: some RouterMethods<HTTPContext>) {
    get("/sign-in", on: router) { visit in
      let back = Preferences.safePath(visit.query["back"])
      guard visit.context.caller == nil else { return Self.redirect(back) }
      return try await signInPage(visit, name: nil, back: back, problem: nil)
    }
    post("/sign-in", on: router) { visit, form in try await signIn(visit, form) }
    post("/sign-out", on: router) { visit, _ in
      if case .cookie(let token) = visit.context.caller?.proof { try await door.signOut(token) }
      var response = Self.redirect("/sign-in")
      response.headers[.setCookie] = SessionCookie.take
      return response
    }
    post("/preferences", on: router) { _, form in Preferences.change(form) }
  }

  private func signIn(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let words = visit.words
    let back = Preferences.safePath(form["back"])
    let name = form.text("name")
    func again(_ problem: String, _ status: HTTPResponse.Status) async throws -> Response {
      var response = try await signInPage(visit, name: name, back: back, problem: problem)
      response.status = status
      return response
    }
    guard let name, let password = form["password"], !password.isEmpty else {
      return try await again(words("signIn.missing"), .unprocessableContent)
    }
    do {
      try rates.ofSignIn.take(visit.context.peerAddress)
      let opened = try await door.signIn(name, password, visit.context.origin(visit.request))
      var response = Self.redirect(back)
      response.headers[.setCookie] = SessionCookie.give(opened.token, secondsMax: opened.secondsMax)
      return response
    } catch let problem as Problem where problem.status == .tooManyRequests {
      let seconds = problem.headers[.retryAfter] ?? "60"
      return try await again(words("signIn.limited", ["seconds": seconds]), .tooManyRequests)
    } catch let error as any UseCaseError {
      switch error.kind {
      case .limited(let seconds):
        let minutes = String(max(1, (seconds + 59) / 60))
        return try await again(words("signIn.locked", ["minutes": minutes]), .tooManyRequests)
      case .unauthenticated, .denied, .invalid, .notFound:
        return try await again(words("signIn.wrong"), .unauthorized)
      default: throw error
      }
    }
  }

  private func signInPage(
    _ visit: Visit, name: String?, back: String, problem: String?
  ) async throws -> Response {
    try await page(
      visit, "sign-in", title: visit.words("signIn.act"),
      view: [
        "name": .optional(name), "back": .text(back), "problem": .optional(problem),
        "done": visit.query["done"] == "password" ? .text(visit.words("lost.done")) : .none,
      ])
  }
}
