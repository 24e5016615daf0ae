import Accounts
import HTTPTypes
import Hummingbird
import Kernel

struct SignInBody: Decodable, Described {
  let name: String
  let password: String

  static let schema = Schema.named(
    "SignIn",
    .object([
      .needs("name", .text(1...200, example: "admin"), "The account's sign-in name."),
      .needs("password", .text(1...1_000, example: "correct horse battery staple")),
    ]))
}

/// Whoever asks, as they are seen here.
struct PrincipalBody: Encodable, Described, Sendable {
  let id: ID<Principal>
  let kind: Principal.Kind
  let organisation: ID<Organisation>
  let name: String
  let permissions: [String]

  init(_ principal: Principal) {
    id = principal.id
    kind = principal.kind
    organisation = principal.organisation
    name = principal.name
    permissions = principal.permissions.map(\.rawValue).sorted()
  }

  static let schema = Schema.named(
    "Principal",
    .object([
      .needs("id", .id), .needs("kind", .choice(["person", "system", "platform"])), .needs("organisation", .id),
      .needs("name", .text(0...200, example: "王芳")),
      .needs("permissions", .array(.choice(Permission.allCases.map(\.rawValue)), max: 200)),
    ]))
}

struct PasswordChangeBody: Decodable, Described {
  let old: String
  let new: String

  static let schema = Schema.named(
    "PasswordChange",
    .object([
      .needs("old", .text(1...1_000, example: "correct horse battery staple")),
      .needs("new", .text(1...1_000, example: "a longer and better one"), "At least 10 characters."),
    ]))
}

extension OpenAPISurface {
  /// Signing in with a password for people; systems send an API key with each request instead.
  static func sessionEndpoints(_ accounts: Accounts, _ rates: Rates) -> [Endpoint] {
    [
      Endpoint(
        .post, "/api/v1/session", "signIn", tag: "session",
        "Signs a person in; the answer sets the cookie \(SessionCookie.name).",
        access: .open, body: .json(SignInBody.self), answer: .nothing, problems: [.unauthorized, .forbidden]
      ) { call in
        try SameOrigin.requireUnlessAbsent(call.request)
        try rates.ofSignIn.take(call.context.peerAddress)
        let body = try await call.body(SignInBody.self)
        let opened = try await accounts.signIn(
          name: body.name, password: body.password, address: call.context.peerAddress)
        return call.done(headers: [
          .setCookie: SessionCookie.give(opened.token, secondsMax: opened.secondsMax), .cacheControl: "no-store",
        ])
      },
      Endpoint(
        .get, "/api/v1/session", "getSession", tag: "session", "Who is signed in, and what they may do.",
        access: .signedIn, answer: .json(PrincipalBody.schema)
      ) { call in
        try call.answer(PrincipalBody(try call.principal()))
      },
      Endpoint(
        .delete, "/api/v1/session", "signOut", tag: "session", "Ends the session of the cookie.",
        access: .signedIn, answer: .nothing
      ) { call in
        if case .cookie(let token) = call.context.caller?.proof { try await accounts.signOut(token: token) }
        return call.done(headers: [.setCookie: SessionCookie.take, .cacheControl: "no-store"])
      },
      Endpoint(
        .put, "/api/v1/session/password", "changePassword", tag: "session",
        "Gives oneself another password; one's other sessions end.",
        access: .signedIn, body: .json(PasswordChangeBody.self), answer: .nothing
      ) { call in
        let body = try await call.body(PasswordChangeBody.self)
        var kept: String?
        if case .cookie(let token) = call.context.caller?.proof { kept = token }
        try await accounts.changePassword(from: body.old, to: body.new, keeping: kept, by: try call.principal())
        return call.done()
      },
    ]
  }
}
