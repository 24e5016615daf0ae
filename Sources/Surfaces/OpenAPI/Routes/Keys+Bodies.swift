import Accounts
import Kernel

struct KeyBody: Encodable, Described, Sendable {
  let id: ID<APIKey>
  let name: String
  let prefix: String
  let permissions: [String]
  let createdBy: ID<Principal>
  let createdAt: String
  let expiresAt: String?
  let usedAt: String?
  let revokedAt: String?

  init(_ key: APIKey) {
    id = key.id
    name = key.name
    prefix = key.prefix
    permissions = key.permissions.map(\.rawValue).sorted()
    createdBy = key.createdBy
    createdAt = key.createdAt.description
    expiresAt = key.expiresAt?.description
    usedAt = key.usedAt?.description
    revokedAt = key.revokedAt?.description
  }

  static let schema = Schema.named(
    "Key",
    .object([
      .needs("id", .id), .needs("name", AccountSchemas.displayName, "What it is for."),
      .needs("prefix", .text(1...64, example: "anju_4f2a"), "The part that may be shown."),
      .needs("permissions", .array(AccountSchemas.permission, max: 200)), .needs("createdBy", .id),
      .needs("createdAt", .time), .may("expiresAt", .time), .may("usedAt", .time), .may("revokedAt", .time),
    ]))
}

struct NewKeyBody: Decodable, Described {
  let name: String
  let permissions: [Permission]
  let expiresAt: String?

  static let schema = Schema.named(
    "NewKey",
    .object([
      .needs("name", AccountSchemas.displayName, "What it is for."),
      .needs("permissions", .array(AccountSchemas.permission, max: 200), "None that its maker lacks."),
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
