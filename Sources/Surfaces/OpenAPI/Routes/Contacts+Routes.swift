import Accounts
import HTTPTypes
import Kernel

extension OpenAPISurface {
  /// Contacts of accounts: masked, searched, opened with a reason.
  static func contactEndpoints(_ accounts: Accounts) -> [Endpoint] {
    let account = Endpoint.Parameter.path("account", "The account's id.")
    let managing = Endpoint.Access.anyOf([.accountsWrite, .accountsOfficers])
    return [
      Endpoint(
        .get, "/api/v1/accounts/{account}/contacts", "listContacts", tag: "accounts",
        "An account's telephone number and mail address, masked.",
        access: .anyOf([.accountsRead, .privacyRead]), parameters: [account], answer: .json(ContactsBody.schema)
      ) { call in
        let items = try await accounts.contacts(of: try call.id("account"), by: try call.principal())
        return try call.answer(ContactsBody(items: items.map { MaskedContactBody($0) }))
      },
      Endpoint(
        .put, "/api/v1/accounts/{account}/contacts", "setContact", tag: "accounts",
        "Writes a contact down, sealed; no code is sent there before its owner has verified it.",
        access: managing, parameters: [account], body: .json(ContactValueBody.self),
        answer: .json(MaskedContactBody.schema)
      ) { call in
        let body = try await call.body(ContactValueBody.self)
        let contact = try await accounts.setContact(
          body.contact, of: try call.id("account"), by: try call.principal())
        return try call.answer(MaskedContactBody(contact))
      },
      Endpoint(
        .delete, "/api/v1/accounts/{account}/contacts", "removeContact", tag: "accounts", "Takes a contact away.",
        access: managing,
        parameters: [account, .needs("kind", "Which one.", MaskedContactBody.kind)], answer: .nothing
      ) { call in
        guard let kind = call.value("kind").flatMap({ ContactKind(rawValue: $0) }) else {
          throw Problem.invalidParameter("kind", "is not a kind of contact")
        }
        try await accounts.removeContact(kind, of: try call.id("account"), by: try call.principal())
        return call.done()
      },
      Endpoint(
        .post, "/api/v1/accounts/{account}/contacts/openings", "openContact", tag: "accounts",
        "Shows a contact in full; the reason stands in the audit log, and the person sees it.",
        access: .permission(.privacyOpen), parameters: [account], body: .json(ContactOpeningBody.self),
        answer: .json(ContactValueBody.schema)
      ) { call in
        let body = try await call.body(ContactOpeningBody.self)
        let value = try await accounts.openContact(
          body.kind, of: try call.id("account"), reason: body.reason, by: try call.principal())
        return try call.answer(ContactValueBody(contact: value))
      },
      Endpoint(
        .post, "/api/v1/contact-searches", "searchContact", tag: "accounts",
        "The accounts that have a contact, found by the whole of it; in the body, so that no log has it.",
        access: .permission(.privacyRead), body: .json(ContactValueBody.self), answer: .json(ContactHoldersBody.schema)
      ) { call in
        let body = try await call.body(ContactValueBody.self)
        let found = try await accounts.holders(ofContact: body.contact, by: try call.principal())
        return try call.answer(ContactHoldersBody(items: found.map { ContactHolderBody($0) }))
      },
    ]
  }
}

struct MaskedContactBody: Encodable, Described, Sendable {
  let kind: ContactKind
  let masked: String
  let since: String
  let verifiedAt: String?

  init(_ contact: AccountContact) {
    kind = contact.kind
    masked = contact.masked
    since = contact.since.description
    verifiedAt = contact.verifiedAt?.description
  }

  static let kind = Schema.choice(ContactKind.allCases.map(\.rawValue))

  static let schema = Schema.named(
    "MaskedContact",
    .object([
      .needs("kind", kind), .needs("masked", .text(1...300, example: "138****5270")), .needs("since", .time),
      .may("verifiedAt", .time, "When a code came there; left out for one that was only written down."),
    ]))
}

struct ContactsBody: Encodable, Described, Sendable {
  let items: [MaskedContactBody]

  static let schema = Schema.named(
    "Contacts", .object([.needs("items", .array(MaskedContactBody.schema, max: ContactKind.allCases.count))]))
}

struct ContactValueBody: Codable, Described, Sendable {
  let contact: String

  static let schema = Schema.named(
    "ContactValue",
    .object([.needs("contact", .text(1...254, example: "13800005270"), "A telephone number or a mail address.")]))
}

struct ContactOpeningBody: Decodable, Described {
  let kind: ContactKind
  let reason: String

  static let schema = Schema.named(
    "ContactOpening",
    .object([
      .needs("kind", MaskedContactBody.kind), .needs("reason", .text(1...500, example: "water leak, unit 302")),
    ]))
}

struct ContactHolderBody: Encodable, Described, Sendable {
  let account: ID<Principal>
  let name: String
  let displayName: String
  let contact: MaskedContactBody

  init(_ holder: ContactHolder) {
    account = holder.account
    name = holder.name
    displayName = holder.displayName
    contact = MaskedContactBody(holder.contact)
  }

  static let schema = Schema.named(
    "ContactHolder",
    .object([
      .needs("account", .id), .needs("name", AccountSchemas.name), .needs("displayName", AccountSchemas.displayName),
      .needs("contact", MaskedContactBody.schema),
    ]))
}

struct ContactHoldersBody: Encodable, Described, Sendable {
  let items: [ContactHolderBody]

  static let schema = Schema.named(
    "ContactHolders", .object([.needs("items", .array(ContactHolderBody.schema, max: Accounts.holdersMax))]))
}
