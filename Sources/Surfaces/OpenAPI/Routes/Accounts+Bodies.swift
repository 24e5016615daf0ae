import Accounts
import Kernel

struct AccountBody: Encodable, Described, Sendable {
  let id: ID<Principal>
  let name: String
  let displayName: String
  let role: Role
  let isActive: Bool
  let lockedUntil: String?
  let createdAt: String
  let version: Int64

  init(_ account: Account, at now: Instant) {
    id = account.id
    name = account.name
    displayName = account.displayName
    role = account.role
    isActive = account.isActive
    lockedUntil = account.lockedUntil(at: now)?.description
    createdAt = account.createdAt.description
    version = account.version
  }

  static let schema = Schema.named(
    "Account",
    .object([
      .needs("id", .id), .needs("name", AccountSchemas.name, "What is typed at sign-in."),
      .needs("displayName", AccountSchemas.displayName, "What others see."), .needs("role", AccountSchemas.role),
      .needs("isActive", .boolean), .may("lockedUntil", .time, "After wrong passwords."), .needs("createdAt", .time),
      .needs("version", .count),
    ]))
}

struct NewAccountBody: Decodable, Described {
  let name: String
  let displayName: String
  let role: Role
  let password: String

  static let schema = Schema.named(
    "NewAccount",
    .object([
      .needs("name", AccountSchemas.name), .needs("displayName", AccountSchemas.displayName),
      .needs("role", AccountSchemas.role),
      .needs("password", .text(1...1_000, example: "correct horse battery staple"), "At least 10 characters."),
    ]))
}

struct AccountChangeBody: Decodable, Described {
  let displayName: String?
  let role: Role?
  let isActive: Bool?

  static let schema = Schema.named(
    "AccountChange",
    .object([
      .may("displayName", AccountSchemas.displayName), .may("role", AccountSchemas.role),
      .may("isActive", .boolean, "false ends its sessions."),
    ]))
}

struct NewPasswordBody: Encodable, Described, Sendable {
  let password: String

  static let schema = Schema.named(
    "NewPassword", .object([.needs("password", .text(1...200, example: "tk4f-…"), "Shown this once.")]))
}

struct SessionBody: Encodable, Described, Sendable {
  let id: ID<Session>
  let openedAt: String
  let usedAt: String
  let expiresAt: String
  let address: String

  init(_ session: Session) {
    id = session.id
    openedAt = session.openedAt.description
    usedAt = session.usedAt.description
    expiresAt = session.expiresAt.description
    address = session.address
  }

  static let schema = Schema.named(
    "Session",
    .object([
      .needs("id", .id), .needs("openedAt", .time), .needs("usedAt", .time), .needs("expiresAt", .time),
      .needs("address", .text(0...64, example: "192.0.2.7"), "From where it was opened."),
    ]))
}

struct SessionsBody: Encodable, Described, Sendable {
  let items: [SessionBody]

  static let schema = Schema.named(
    "Sessions", .object([.needs("items", .array(SessionBody.schema, max: 1_000))]))
}

enum AccountSchemas {
  static let name = Schema.text(1...64, example: "wang.fang")
  static let displayName = Schema.text(1...128, example: "王芳")
  static let role = Schema.choice(Role.allCases.map(\.rawValue))
  static let permission = Schema.choice(Permission.allCases.map(\.rawValue))
}
