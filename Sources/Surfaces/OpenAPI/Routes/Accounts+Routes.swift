package import Accounts
import HTTPTypes
import Hummingbird
package import Kernel

extension OpenAPISurface {
  /// Who may ask: sessions, accounts and API keys.
  package static func endpoints(of accounts: Accounts, rates: Rates, time: Timekeeper) -> [Endpoint] {
    sessionEndpoints(accounts, rates, time) + ownEndpoints(accounts) + factorEndpoints(accounts)
      + resetEndpoints(accounts, rates) + accountEndpoints(accounts, time) + accountActs(accounts, time)
      + contactEndpoints(accounts) + staffResetEndpoints(accounts) + keyEndpoints(accounts)
  }

  /// Who changes accounts: officers' those who appoint officers, all others those who make accounts.
  private static let managing = Endpoint.Access.anyOf([.accountsWrite, .accountsOfficers])

  private static let account = Endpoint.Parameter.path("account", "The account's id.")

  private static func accountEndpoints(_ accounts: Accounts, _ time: Timekeeper) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/accounts", "listAccounts", tag: "accounts", "The organisation's accounts by name.",
        access: .permission(.accountsRead),
        parameters: [
          .query("text", "A part of the name or of what others see.", .text(0...64, example: "wang")),
          .query("role", "Only those with the role.", AccountSchemas.role),
          .query("active", "Only those that may sign in, or may not.", .boolean),
        ] + Endpoint.Parameter.paging, answer: .page(of: AccountBody.self)
      ) { call in
        let query = AccountQuery(
          text: call.value("text"), role: call.value("role").flatMap { Role(rawValue: $0) },
          isActive: call.value("active").map { $0 == "true" }, page: try call.page())
        let page = try await accounts.accounts(query, by: try call.principal())
        let now = time.now()
        return try call.answer(page) { AccountBody($0, at: now) }
      },
      Endpoint(
        .post, "/api/v1/accounts", "createAccount", tag: "accounts",
        "Makes an account: with a password to be changed, or without one, to be invited.",
        access: .permission(.accountsWrite), body: .json(NewAccountBody.self),
        answer: .json(AccountBody.schema, .created), problems: [.conflict]
      ) { call in
        let body = try await call.body(NewAccountBody.self)
        var roles: [NewAssignment] = []
        for role in body.roles ?? [] { roles.append(try role.assignment()) }
        let new = NewAccount(name: body.name, displayName: body.displayName, roles: roles, password: body.password)
        let account = try await accounts.create(new, by: try call.principal())
        return try call.answer(
          AccountBody(account, at: time.now()), headers: [.location: "/api/v1/accounts/\(account.id)"])
      },
      Endpoint(
        .get, "/api/v1/accounts/{account}", "getAccount", tag: "accounts", "One account.",
        access: .permission(.accountsRead), parameters: [account], answer: .json(AccountBody.schema)
      ) { call in
        let account = try await accounts.account(try call.id("account"), by: try call.principal())
        return try call.resource(AccountBody(account, at: time.now()), version: account.version)
      },
      Endpoint(
        .patch, "/api/v1/accounts/{account}", "changeAccount", tag: "accounts",
        "Changes the name that others see, or whether it may sign in; what is left out stays.",
        access: managing, parameters: [account, .ifMatch], body: .json(AccountChangeBody.self),
        answer: .json(AccountBody.schema), problems: Endpoint.conditional + [.conflict]
      ) { call in
        let version = try call.expectedVersion()
        let body = try await call.body(AccountChangeBody.self)
        let account = try await accounts.change(
          try call.id("account"), displayName: body.displayName, isActive: body.isActive, expecting: version,
          by: try call.principal())
        return try call.resource(AccountBody(account, at: time.now()), version: account.version)
      },
      Endpoint(
        .post, "/api/v1/accounts/{account}/roles", "assignRole", tag: "accounts",
        "Gives an account a role somewhere, for some time.",
        access: managing, parameters: [account], body: .json(NewAssignmentBody.self),
        answer: .json(AccountBody.schema, .created), problems: [.conflict]
      ) { call in
        let body = try await call.body(NewAssignmentBody.self)
        let account = try await accounts.assign(
          try body.assignment(), to: try call.id("account"), by: try call.principal())
        return try call.answer(AccountBody(account, at: time.now()))
      },
      Endpoint(
        .delete, "/api/v1/roles/{role}", "revokeRole", tag: "accounts", "Takes a role back at once.",
        access: managing, parameters: [.path("role", "The id of the assignment.")],
        answer: .json(AccountBody.schema), problems: [.conflict]
      ) { call in
        let account = try await accounts.revoke(try call.id("role"), by: try call.principal())
        return try call.answer(AccountBody(account, at: time.now()))
      },
    ]
  }

  private static func accountActs(_ accounts: Accounts, _ time: Timekeeper) -> [Endpoint] {
    [
      Endpoint(
        .post, "/api/v1/accounts/{account}/invitation", "inviteAccount", tag: "accounts",
        "Makes the link with which the owner of an account chooses the first password.",
        access: managing, parameters: [account], answer: .json(InvitationBody.schema), problems: [.conflict]
      ) { call in
        let token = try await accounts.invite(try call.id("account"), by: try call.principal())
        return try call.answer(InvitationBody(token: token, path: "/invitation?token=\(token)"))
      },
      Endpoint(
        .post, "/api/v1/accounts/{account}/password-reset", "resetPassword", tag: "accounts",
        "Gives an account a random password that must be changed, unlocks it and ends its sessions.",
        access: managing, parameters: [account], answer: .json(NewPasswordBody.schema)
      ) { call in
        let password = try await accounts.resetPassword(try call.id("account"), by: try call.principal())
        return try call.answer(NewPasswordBody(password: password))
      },
      Endpoint(
        .post, "/api/v1/accounts/{account}/unlock", "unlockAccount", tag: "accounts",
        "Lets an account that is locked after wrong passwords or codes try again.",
        access: managing, parameters: [account], answer: .nothing
      ) { call in
        try await accounts.unlock(try call.id("account"), by: try call.principal())
        return call.done()
      },
      Endpoint(
        .delete, "/api/v1/accounts/{account}/second-factor", "removeSecondFactorOf", tag: "accounts",
        "Takes away the second factor of an account whose phone is lost, and ends its sessions.",
        access: managing, parameters: [account], answer: .nothing, problems: [.conflict]
      ) { call in
        try await accounts.removeSecondFactor(of: try call.id("account"), by: try call.principal())
        return call.done()
      },
      Endpoint(
        .get, "/api/v1/accounts/{account}/sessions", "listSessions", tag: "accounts",
        "An account's open sessions, newest first.",
        access: .permission(.accountsRead), parameters: [account], answer: .json(SessionsBody.schema)
      ) { call in
        let items = try await accounts.sessions(of: try call.id("account"), by: try call.principal())
        return try call.answer(SessionsBody(items: items.map { SessionBody($0) }))
      },
      Endpoint(
        .delete, "/api/v1/sessions/{session}", "endSession", tag: "accounts", "Ends a session at once.",
        access: managing, parameters: [.path("session", "The session's id.")], answer: .nothing
      ) { call in
        try await accounts.revokeSession(try call.id("session"), by: try call.principal())
        return call.done()
      },
    ]
  }

  private static func staffResetEndpoints(_ accounts: Accounts) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/password-resets", "listPasswordResets", tag: "accounts",
        "Lost passwords that wait to be replaced, oldest first.",
        access: .permission(.accountsRead), answer: .json(PendingResetsBody.schema)
      ) { call in
        let items = try await accounts.pendingResets(by: try call.principal())
        return try call.answer(PendingResetsBody(items: items.map { PendingResetBody($0) }))
      },
      Endpoint(
        .post, "/api/v1/password-resets/{reset}/approval", "approvePasswordReset", tag: "accounts",
        "Vouches for whoever asked: one of the two proofs.",
        access: managing, parameters: [.path("reset", "The request's id.")], answer: .nothing
      ) { call in
        try await accounts.approveReset(try call.id("reset"), by: try call.principal())
        return call.done()
      },
    ]
  }

  private static func keyEndpoints(_ accounts: Accounts) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/keys", "listKeys", tag: "accounts", "API keys, newest first, revoked ones too.",
        access: .anyOf([.accountsRead, .accountsKeys]), parameters: Endpoint.Parameter.paging,
        answer: .page(of: KeyBody.self)
      ) { call in
        try call.answer(try await accounts.keys(try call.page(), by: try call.principal())) { KeyBody($0) }
      },
      Endpoint(
        .post, "/api/v1/keys", "makeKey", tag: "accounts", "Makes an API key for a system; its text is shown once.",
        access: .permission(.accountsKeys), body: .json(NewKeyBody.self), answer: .json(MadeKeyBody.schema, .created),
        problems: [.conflict]
      ) { call in
        let body = try await call.body(NewKeyBody.self)
        let new = NewKey(
          name: body.name, permissions: Set(body.permissions),
          scope: try NewAssignmentBody.scope(body.scope, body.place),
          expiresAt: try NewAssignmentBody.moment(body.expiresAt, "expiresAt"))
        let made = try await accounts.makeKey(new, by: try call.principal())
        return try call.answer(MadeKeyBody(key: KeyBody(made.key), text: made.text))
      },
      Endpoint(
        .post, "/api/v1/keys/{key}/rotation", "rotateKey", tag: "accounts",
        "Gives a key another secret, shown once; the present one stays good for a while.",
        access: .permission(.accountsKeys), parameters: [.path("key", "The key's id.")],
        body: .json(KeyRotationBody.self), answer: .json(MadeKeyBody.schema)
      ) { call in
        let body = try await call.body(KeyRotationBody.self)
        let made = try await accounts.rotateKey(
          try call.id("key"), overlapSeconds: body.overlapSeconds ?? 86_400, by: try call.principal())
        return try call.answer(MadeKeyBody(key: KeyBody(made.key), text: made.text))
      },
      Endpoint(
        .delete, "/api/v1/keys/{key}", "revokeKey", tag: "accounts", "Makes a key useless at once.",
        access: .anyOf([.accountsKeys, .accountsWrite, .accountsOfficers]),
        parameters: [.path("key", "The key's id.")], answer: .nothing
      ) { call in
        try await accounts.revokeKey(try call.id("key"), by: try call.principal())
        return call.done()
      },
    ]
  }
}

extension Identify {
  /// Sessions and keys as Accounts knows them.
  package init(_ accounts: Accounts) {
    self.init(
      session: { try await accounts.principal(session: $0, from: $1) },
      key: { try await accounts.principal(apiKey: $0, from: $1) })
  }
}
