import Accounts
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI
import Privacy

/// A person's telephone number and mail address (联系方式): masked, written down, opened with a reason, searched for.
extension Console {
  func installContacts(on router: some RouterMethods<HTTPContext>) {
    post("/people/contact-search", on: router) { visit, form in try await contactSearch(visit, form) }
    post("/people/:account/contacts", on: router) { visit, form in
      let id: ID<Principal> = try visit.id("account")
      return try await contactAct(visit, id) { principal, account throws(AccountsError) in
        _ = try await account.setContact(form.text("contact") ?? "", of: id, by: principal)
      }
    }
    post("/people/:account/contacts/removal", on: router) { visit, form in
      let id: ID<Principal> = try visit.id("account")
      let kind = try Self.contactKind(form["kind"])
      return try await contactAct(visit, id) { principal, account throws(AccountsError) in
        try await account.removeContact(kind, of: id, by: principal)
      }
    }
    get("/people/:account/contacts/removal", on: router) { visit in try await contactRemovalPage(visit) }
    get("/people/:account/contacts/opening", on: router) { visit in
      try await openingPage(visit, try Self.contactKind(visit.query["kind"]), problem: nil)
    }
    post("/people/:account/contacts/opening", on: router) { visit, form in try await openContact(visit, form) }
  }

  private static func contactKind(_ word: String?) throws(Problem) -> ContactKind {
    guard let kind = word.flatMap({ ContactKind(rawValue: $0) }) else {
      throw .invalidParameter("kind", "is not a kind of contact")
    }
    return kind
  }

  /// The card of a person's contacts, on the person's page and on one's own account's.
  func contactsView(_ account: ID<Principal>, _ visit: Visit) async throws -> ViewValue {
    let principal = try visit.principal()
    let contacts = try await services.accounts.contacts(of: account, by: principal)
    let isOwn = account == principal.id
    let mayOpen = isOwn || visit.may(.privacyOpen)
    let mayChange = isOwn || visit.may(.accountsWrite) || visit.may(.accountsOfficers)
    return [
      "account": .text(account.description), "isOwn": .flag(isOwn), "mayChange": .flag(mayChange),
      "contacts": .list(
        contacts.map { contact in
          [
            "kind": .text(contact.kind.rawValue), "name": .text(visit.words("contact.\(contact.kind.rawValue)")),
            "masked": .text(contact.masked), "since": .text(formats.moment(contact.since)),
            "isVerified": .flag(contact.verifiedAt != nil), "mayOpen": .flag(mayOpen), "mayTake": .flag(mayChange),
            "account": .text(account.description),
          ]
        }),
    ]
  }

  /// The same card of a person whom data is held about; nil for one without an account.
  func contactsOfSubject(_ subject: ID<DataSubject>, _ visit: Visit) async throws -> ViewValue? {
    do { return try await contactsView(subject.tagged(), visit) } catch AccountsError.accountUnknown { return nil }
  }

  /// An act on contacts, after which the page it came from says that it was done.
  private func contactAct(
    _ visit: Visit, _ id: ID<Principal>,
    _ act: (Principal, Accounts) async throws(AccountsError) -> Void
  ) async throws -> Response {
    let principal = try visit.principal()
    do throws(AccountsError) {
      try await act(principal, services.accounts)
      return Self.redirect("\(backFromContact(id, visit))?done=contact")
    } catch {
      guard error.kind != .denied else { throw error }
      let problem = text(error, visit)
      return try await id == principal.id
        ? refusedAccountPage(visit, section: "contact", problem) : personPage(visit, id, problem: problem)
    }
  }

  private func contactRemovalPage(_ visit: Visit) async throws -> Response {
    let words = visit.words
    let id: ID<Principal> = try visit.id("account")
    let contact = try await contact(try Self.contactKind(visit.query["kind"]), of: id, visit)
    let heading = words("contact.removeTitle")
    return try await page(
      visit, "confirm", title: heading, place: contactPlace(id, visit), crumbs: [Crumb(name: heading)],
      view: [
        "dialog": .flag(visit.isFragment), "heading": .text(heading),
        "action": .text("/people/\(id)/contacts/removal"), "back": .text(backFromContact(id, visit)),
        "effect": .text(words("contact.removeEffect")), "act": .text(words("contact.remove")),
        "facts": [["name": .text(words("contact.\(contact.kind.rawValue)")), "value": .text(contact.masked)]],
        "fields": [["name": "kind", "value": .text(contact.kind.rawValue)]],
      ], fragment: "confirm")
  }

  private func contact(_ kind: ContactKind, of id: ID<Principal>, _ visit: Visit) async throws -> AccountContact {
    let all = try await services.accounts.contacts(of: id, by: try visit.principal())
    guard let found = all.first(where: { $0.kind == kind }) else { throw AccountsError.contactMissing }
    return found
  }

  /// Where who looks sees the person: one's own account, the person's page, or the counter.
  private func backFromContact(_ id: ID<Principal>, _ visit: Visit) -> String {
    if id == visit.context.caller?.principal.id { return "/account" }
    return visit.may(.accountsRead) ? "/people/\(id)" : "/privacy/persons/\(id)"
  }

  private func contactPlace(_ id: ID<Principal>, _ visit: Visit) -> Place? {
    if id == visit.context.caller?.principal.id { return nil }
    return visit.may(.accountsRead) ? .people : .privacy
  }

  // MARK: Opening

  /// Asks why; what is opened stands in the audit log, and its owner sees it.
  private func openingPage(
    _ visit: Visit, _ kind: ContactKind, reason: String? = nil, problem: String?, value: String? = nil
  ) async throws -> Response {
    let words = visit.words
    let id: ID<Principal> = try visit.id("account")
    let isOwn = id == visit.context.caller?.principal.id
    guard isOwn || visit.may(.privacyOpen) else { throw Problem.denied(Permission.privacyOpen.rawValue) }
    let contact = try await contact(kind, of: id, visit)
    let heading = words("contact.openTitle")
    var response = try await page(
      visit, "contact-open", title: heading, place: contactPlace(id, visit), crumbs: [Crumb(name: heading)],
      view: [
        "dialog": .flag(visit.isFragment), "heading": .text(heading), "back": .text(backFromContact(id, visit)),
        "action": .text("/people/\(id)/contacts/opening"), "kind": .text(kind.rawValue),
        "name": .text(words("contact.\(kind.rawValue)")), "masked": .text(contact.masked), "isOwn": .flag(isOwn),
        "reason": .optional(reason), "problem": .optional(problem), "value": .optional(value),
      ], fragment: "contact-open")
    if problem != nil { response.status = .unprocessableContent }
    // Nothing keeps a copy of what was opened.
    response.headers[.cacheControl] = "no-store"
    return response
  }

  private func openContact(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let id: ID<Principal> = try visit.id("account")
    let kind = try Self.contactKind(form["kind"])
    let reason = form.text("reason") ?? ""
    let principal = try visit.principal()
    let value: String
    do throws(AccountsError) {
      value = try await services.accounts.openContact(kind, of: id, reason: reason, by: principal)
    } catch {
      guard error.kind != .denied else { throw error }
      return try await openingPage(visit, kind, reason: reason, problem: text(error, visit))
    }
    return try await openingPage(visit, kind, problem: nil, value: value)
  }

  // MARK: Search

  /// Who has a contact, by the whole of it: posted, so that no log and no history of a browser has it.
  private func contactSearch(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let at: Place = visit.may(.accountsRead) ? .people : .privacy
    var (holders, problem): ([ContactHolder], String?) = ([], nil)
    do throws(AccountsError) {
      holders = try await services.accounts.holders(ofContact: form.text("contact") ?? "", by: principal)
    } catch {
      guard error.kind == .invalid || error.kind == .unavailable else { throw error }
      problem = text(error, visit)
    }
    let title = words("contact.searchTitle")
    var response = try await page(
      visit, "contact-holders", title: title, place: at, crumbs: [Crumb(name: title)],
      view: [
        "problem": .optional(problem), "hasRows": .flag(!holders.isEmpty),
        "isFull": .flag(holders.count == Accounts.holdersMax),
        "rows": .list(
          holders.map { holder in
            [
              "href": .text(backFromContact(holder.account, visit)), "displayName": .text(holder.displayName),
              "name": .text(holder.name), "masked": .text(holder.contact.masked),
            ]
          }),
      ])
    if problem != nil { response.status = .unprocessableContent }
    response.headers[.cacheControl] = "no-store"
    return response
  }
}
