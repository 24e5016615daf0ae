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

extension OpenAPISurface {
  /// Signing in with a password for people; systems send an API key with each request instead.
  package static func endpoints(of sessions: SessionPort, rates: Rates) -> [Endpoint] {
    [
      Endpoint(
        .post, "/api/v1/session", "signIn", tag: "session",
        "Signs a person in; the answer sets the cookie \(SessionCookie.name).",
        access: .open, body: .json(SignInBody.self), answer: .nothing, problems: [.unauthorized, .forbidden]
      ) { call in
        try SameOrigin.requireUnlessAbsent(call.request)
        try rates.ofSignIn.take(call.context.peerAddress)
        let body = try await call.body(SignInBody.self)
        let opened = try await sessions.signIn(body.name, body.password)
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
        if case .cookie(let token) = call.context.caller?.proof { try await sessions.signOut(token) }
        return call.done(headers: [.setCookie: SessionCookie.take, .cacheControl: "no-store"])
      },
    ]
  }
}
