package import Accounts
import HTTPTypes
import Hummingbird
package import Kernel

extension OpenAPISurface {
  /// Who may ask: sessions, accounts and API keys.
  package static func endpoints(of accounts: Accounts, rates: Rates, time: Timekeeper) -> [Endpoint] {
    sessionEndpoints(accounts, rates) + accountEndpoints(accounts, time) + accountActs(accounts)
      + keyEndpoints(accounts)
  }

  private static func accountEndpoints(_ accounts: Accounts, _ time: Timekeeper) -> [Endpoint] {
    let account = Endpoint.Parameter.path("account", "The account's id.")
    return [
      Endpoint(
        .get, "/api/v1/accounts", "listAccounts", tag: "accounts", "The organisation's accounts by name.",
        access: .permission(.accountsRead), parameters: Endpoint.Parameter.paging, answer: .page(of: AccountBody.self)
      ) { call in
        let page = try await accounts.accounts(try call.page(), by: try call.principal())
        let now = time.now()
        return try call.answer(page) { AccountBody($0, at: now) }
      },
      Endpoint(
        .post, "/api/v1/accounts", "createAccount", tag: "accounts",
        "Makes an account; it may do nothing that its maker may not.",
        access: .permission(.accountsWrite), body: .json(NewAccountBody.self),
        answer: .json(AccountBody.schema, .created), problems: [.conflict]
      ) { call in
        let body = try await call.body(NewAccountBody.self)
        let new = NewAccount(name: body.name, displayName: body.displayName, role: body.role, password: body.password)
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
        "Changes name, role or whether it may sign in; what is left out stays.",
        access: .permission(.accountsWrite), parameters: [account, .ifMatch], body: .json(AccountChangeBody.self),
        answer: .json(AccountBody.schema), problems: Endpoint.conditional + [.conflict]
      ) { call in
        let version = try call.expectedVersion()
        let body = try await call.body(AccountChangeBody.self)
        let account = try await accounts.change(
          try call.id("account"), displayName: body.displayName, role: body.role, isActive: body.isActive,
          expecting: version, by: try call.principal())
        return try call.resource(AccountBody(account, at: time.now()), version: account.version)
      },
    ]
  }

  private static func accountActs(_ accounts: Accounts) -> [Endpoint] {
    let account = Endpoint.Parameter.path("account", "The account's id.")
    return [
      Endpoint(
        .post, "/api/v1/accounts/{account}/password-reset", "resetPassword", tag: "accounts",
        "Gives an account a random password, unlocks it and ends its sessions.",
        access: .permission(.accountsWrite), parameters: [account], answer: .json(NewPasswordBody.schema)
      ) { call in
        let password = try await accounts.resetPassword(try call.id("account"), by: try call.principal())
        return try call.answer(NewPasswordBody(password: password))
      },
      Endpoint(
        .post, "/api/v1/accounts/{account}/unlock", "unlockAccount", tag: "accounts",
        "Lets an account that is locked after wrong passwords try again.",
        access: .permission(.accountsWrite), parameters: [account], answer: .nothing
      ) { call in
        try await accounts.unlock(try call.id("account"), by: try call.principal())
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
        access: .permission(.accountsWrite), parameters: [.path("session", "The session's id.")], answer: .nothing
      ) { call in
        try await accounts.revokeSession(try call.id("session"), by: try call.principal())
        return call.done()
      },
    ]
  }

  private static func keyEndpoints(_ accounts: Accounts) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/keys", "listKeys", tag: "accounts", "API keys, newest first, revoked ones too.",
        access: .permission(.accountsRead), parameters: Endpoint.Parameter.paging, answer: .page(of: KeyBody.self)
      ) { call in
        try call.answer(try await accounts.keys(try call.page(), by: try call.principal())) { KeyBody($0) }
      },
      Endpoint(
        .post, "/api/v1/keys", "makeKey", tag: "accounts", "Makes an API key for a system; its text is shown once.",
        access: .permission(.accountsWrite), body: .json(NewKeyBody.self), answer: .json(MadeKeyBody.schema, .created),
        problems: [.conflict]
      ) { call in
        let body = try await call.body(NewKeyBody.self)
        let expiresAt = body.expiresAt.map { Instant(text: $0) }
        if case .some(.none) = expiresAt { throw Problem.invalidBody("The member /expiresAt must be a moment.") }
        let made = try await accounts.makeKey(
          name: body.name, permissions: Set(body.permissions), expiresAt: expiresAt ?? nil, by: try call.principal())
        return try call.answer(MadeKeyBody(key: KeyBody(made.key), text: made.text))
      },
      Endpoint(
        .delete, "/api/v1/keys/{key}", "revokeKey", tag: "accounts", "Makes a key useless at once.",
        access: .permission(.accountsWrite), parameters: [.path("key", "The key's id.")], answer: .nothing
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
      session: { try await accounts.principal(session: $0) },
      key: { try await accounts.principal(apiKey: $0) })
  }
}
