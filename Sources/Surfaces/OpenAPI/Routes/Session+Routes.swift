import Accounts
import HTTPTypes
import Hummingbird
import Kernel

extension OpenAPISurface {
  /// Signing in with a password, and a second factor, for people; systems send an API key with each request instead.
  static func sessionEndpoints(_ accounts: Accounts, _ rates: Rates, _ time: Timekeeper) -> [Endpoint] {
    [
      Endpoint(
        .post, "/api/v1/session", "signIn", tag: "session",
        "Signs a person in; the answer sets the cookie \(SessionCookie.name). GET says whether a second factor is due.",
        access: .open, body: .json(SignInBody.self), answer: .nothing, problems: [.unauthorized, .forbidden]
      ) { call in
        try SameOrigin.requireUnlessAbsent(call.request)
        try rates.ofSignIn.take(call.context.peerAddress)
        let body = try await call.body(SignInBody.self)
        let opened = try await accounts.signIn(name: body.name, password: body.password, from: call.origin)
        return call.done(headers: [
          .setCookie: SessionCookie.give(opened.token, secondsMax: opened.secondsMax), .cacheControl: "no-store",
        ])
      },
      Endpoint(
        .get, "/api/v1/session", "getSession", tag: "session", "Who is signed in, what they may do, and what is due.",
        access: .signingIn, answer: .json(PrincipalBody.schema)
      ) { call in
        try call.answer(PrincipalBody(try call.principal(), at: time.now()))
      },
      Endpoint(
        .post, "/api/v1/session/verification", "verifySession", tag: "session",
        "Shows the second factor: ends a sign-in, or comes before something sensitive.",
        access: .signingIn, body: .json(CodeBody.self), answer: .nothing, problems: [.conflict]
      ) { call in
        let body = try await call.body(CodeBody.self)
        try await accounts.verify(code: body.code, session: try call.sessionToken(), by: try call.principal())
        return call.done()
      },
      Endpoint(
        .delete, "/api/v1/session", "signOut", tag: "session", "Ends the session of the cookie.",
        access: .signingIn, answer: .nothing
      ) { call in
        if case .cookie(let token) = call.context.caller?.proof { try await accounts.signOut(token: token) }
        return call.done(headers: [.setCookie: SessionCookie.take, .cacheControl: "no-store"])
      },
      Endpoint(
        .put, "/api/v1/session/password", "changePassword", tag: "session",
        "Gives oneself another password; one's other sessions end.",
        access: .signingIn, body: .json(PasswordChangeBody.self), answer: .nothing
      ) { call in
        let body = try await call.body(PasswordChangeBody.self)
        var kept: String?
        if case .cookie(let token) = call.context.caller?.proof { kept = token }
        try await accounts.changePassword(from: body.old, to: body.new, keeping: kept, by: try call.principal())
        return call.done()
      },
    ]
  }

  /// What people do about their own account.
  static func ownEndpoints(_ accounts: Accounts) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/session/others", "listOwnSessions", tag: "session", "One's own open sessions, newest first.",
        access: .signedIn, answer: .json(SessionsBody.schema)
      ) { call in
        let principal = try call.principal()
        let items = try await accounts.sessions(of: principal.id, by: principal)
        return try call.answer(SessionsBody(items: items.map { SessionBody($0) }))
      },
      Endpoint(
        .delete, "/api/v1/session/others", "endOtherSessions", tag: "session", "Ends all one's sessions but this one.",
        access: .signedIn, answer: .json(EndedBody.schema)
      ) { call in
        let count = try await accounts.revokeOtherSessions(
          keeping: try call.sessionToken(), by: try call.principal())
        return try call.answer(EndedBody(ended: count))
      },
      Endpoint(
        .delete, "/api/v1/session/others/{session}", "endOwnSession", tag: "session", "Ends one of one's own sessions.",
        access: .signedIn, parameters: [.path("session", "The session's id.")], answer: .nothing
      ) { call in
        try await accounts.revokeSession(try call.id("session"), by: try call.principal())
        return call.done()
      },
      Endpoint(
        .get, "/api/v1/session/contact", "getContact", tag: "session",
        "Where a code is sent when the password is lost.",
        access: .signedIn, answer: .json(ContactBody.schema)
      ) { call in
        try call.answer(ContactBody(contact: try await accounts.contact(by: try call.principal())))
      },
      Endpoint(
        .post, "/api/v1/session/contact", "offerContact", tag: "session", "Sends a code to a new contact.",
        access: .signedIn, body: .json(NewContactBody.self), answer: .json(ContactOfferBody.schema),
        problems: [.conflict]
      ) { call in
        let body = try await call.body(NewContactBody.self)
        let offer = try await accounts.offerContact(body.contact, password: body.password, by: try call.principal())
        return try call.answer(ContactOfferBody(offer: offer))
      },
      Endpoint(
        .put, "/api/v1/session/contact", "confirmContact", tag: "session", "Takes the contact: the code came there.",
        access: .signedIn, body: .json(ContactConfirmationBody.self), answer: .nothing
      ) { call in
        let body = try await call.body(ContactConfirmationBody.self)
        try await accounts.confirmContact(offer: body.offer, code: body.code, by: try call.principal())
        return call.done()
      },
    ]
  }

  /// Setting up, renewing and removing one's own second factor.
  static func factorEndpoints(_ accounts: Accounts) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/session/second-factor", "getSecondFactor", tag: "session", "How one's second factor stands.",
        access: .signedIn, answer: .json(SecondFactorBody.schema)
      ) { call in
        let state = try await accounts.secondFactor(by: try call.principal())
        return try call.answer(
          SecondFactorBody(since: state.since?.description, recoveryCodesLeft: state.recoveryCodesLeft))
      },
      Endpoint(
        .post, "/api/v1/session/second-factor", "offerSecondFactor", tag: "session",
        "Makes a secret for a phone's program; it counts once a code of it was shown.",
        access: .signedIn, body: .json(NewSecondFactorBody.self), answer: .json(SecondFactorOfferBody.schema),
        problems: [.conflict]
      ) { call in
        let body = try await call.body(NewSecondFactorBody.self)
        let offer = try await accounts.offerSecondFactor(
          body.algorithm ?? .sha1, password: body.password, by: try call.principal())
        return try call.answer(SecondFactorOfferBody(address: offer.address, secret: offer.secret))
      },
      Endpoint(
        .put, "/api/v1/session/second-factor", "confirmSecondFactor", tag: "session",
        "Takes the second factor: the code shows that the phone has it. One's other sessions end.",
        access: .signedIn, body: .json(CodeBody.self), answer: .json(RecoveryCodesBody.schema), problems: [.conflict]
      ) { call in
        let body = try await call.body(CodeBody.self)
        let codes = try await accounts.confirmSecondFactor(
          code: body.code, session: try call.sessionToken(), by: try call.principal())
        return try call.answer(RecoveryCodesBody(codes: codes))
      },
      Endpoint(
        .post, "/api/v1/session/recovery-codes", "renewRecoveryCodes", tag: "session",
        "Makes new recovery codes; the old ones are useless.",
        access: .signedIn, answer: .json(RecoveryCodesBody.schema)
      ) { call in
        try call.answer(RecoveryCodesBody(codes: try await accounts.renewRecoveryCodes(by: try call.principal())))
      },
      Endpoint(
        .post, "/api/v1/session/second-factor/removal", "removeSecondFactor", tag: "session",
        "Takes one's second factor away.",
        access: .signedIn, body: .json(PasswordBody.self), answer: .nothing, problems: [.conflict]
      ) { call in
        let body = try await call.body(PasswordBody.self)
        try await accounts.removeSecondFactor(
          password: body.password, session: try call.sessionToken(), by: try call.principal())
        return call.done()
      },
    ]
  }

  /// Lost passwords. No answer tells whether an account exists.
  static func resetEndpoints(_ accounts: Accounts, _ rates: Rates) -> [Endpoint] {
    [
      Endpoint(
        .post, "/api/v1/password-resets", "askPasswordReset", tag: "session",
        "Asks to replace a lost password; a code goes to the account's contact, if it has one.",
        access: .open, body: .json(ResetRequestBody.self), answer: .json(ResetTokenBody.schema, .accepted),
        problems: [.forbidden]
      ) { call in
        try SameOrigin.requireUnlessAbsent(call.request)
        try rates.ofSignIn.take(call.context.peerAddress)
        let body = try await call.body(ResetRequestBody.self)
        return try call.answer(ResetTokenBody(token: try await accounts.askReset(name: body.name, from: call.origin)))
      },
      Endpoint(
        .put, "/api/v1/password-resets", "completePasswordReset", tag: "session",
        "Chooses a new password with two proofs of three: the code, the second factor, a colleague's approval.",
        access: .open, body: .json(ResetCompletionBody.self), answer: .nothing, problems: [.forbidden]
      ) { call in
        try SameOrigin.requireUnlessAbsent(call.request)
        try rates.ofSignIn.take(call.context.peerAddress)
        let body = try await call.body(ResetCompletionBody.self)
        try await accounts.completeReset(
          token: body.token, ResetProofs(contactCode: body.contactCode, factorCode: body.factorCode),
          newPassword: body.password, from: call.origin)
        return call.done()
      },
    ]
  }
}

extension Call {
  /// From where it comes.
  var origin: Origin { context.origin(request) }

  /// The token of the browser's session.
  ///
  /// - Throws: `.notAPerson` for an API key.
  func sessionToken() throws(AccountsError) -> String {
    guard case .cookie(let token) = context.caller?.proof else { throw .notAPerson }
    return token
  }
}
