import Accounts
import Kernel

struct KeyBody: Encodable, Described, Sendable {
  let id: ID<APIKey>
  let name: String
  let prefix: String
  let permissions: [String]
  let scope: String
  let place: String?
  let createdBy: ID<Principal>
  let createdAt: String
  let expiresAt: String?
  let usedAt: String?
  let revokedAt: String?
  let previousUntil: String?

  init(_ key: APIKey) {
    id = key.id
    name = key.name
    prefix = key.prefix
    permissions = key.permissions.map(\.rawValue).sorted()
    scope = key.scope.kind
    place = key.scope.placeText
    createdBy = key.createdBy
    createdAt = key.createdAt.description
    expiresAt = key.expiresAt?.description
    usedAt = key.usedAt?.description
    revokedAt = key.revokedAt?.description
    previousUntil = key.previousUntil?.description
  }

  static let schema = Schema.named(
    "Key",
    .object([
      .needs("id", .id), .needs("name", AccountSchemas.displayName, "What it is for."),
      .needs("prefix", .text(1...64, example: "anju_4f2a"), "The part that may be shown."),
      .needs("permissions", .array(AccountSchemas.permission, max: 200)),
      .needs("scope", AccountSchemas.scope), .may("place", .id, "The project or building."), .needs("createdBy", .id),
      .needs("createdAt", .time), .may("expiresAt", .time), .may("usedAt", .time), .may("revokedAt", .time),
      .may("previousUntil", .time, "Until when the secret of before the last rotation is good."),
    ]))
}

struct NewKeyBody: Decodable, Described {
  let name: String
  let permissions: [Permission]
  let scope: String?
  let place: String?
  let expiresAt: String?

  static let schema = Schema.named(
    "NewKey",
    .object([
      .needs("name", AccountSchemas.displayName, "What it is for."),
      .needs("permissions", .array(AccountSchemas.permission, max: 200), "None that its maker lacks there."),
      .may("scope", AccountSchemas.scope, "The organisation when left out."),
      .may("place", .id, "The project or building."),
      .may("expiresAt", .time, "It does not expire when left out."),
    ]))
}

struct MadeKeyBody: Encodable, Described, Sendable {
  let key: KeyBody
  let text: String

  static let schema = Schema.named(
    "MadeKey",
    .object([
      .needs("key", KeyBody.schema),
      .needs("text", .text(1...256, example: "anju_4f2a_…"), "What goes after Bearer; shown this once."),
    ]))
}

struct KeyRotationBody: Decodable, Described {
  let overlapSeconds: Int64?

  static let schema = Schema.named(
    "KeyRotation",
    .object([
      .may(
        "overlapSeconds", .integer(0...Accounts.keyOverlapSecondsMax),
        "How long the present secret stays good; a day when left out.")
    ]))
}
