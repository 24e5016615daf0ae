import Accounts
import Kernel

/// A role somewhere, for some time.
struct AssignmentBody: Encodable, Described, Sendable {
  let id: ID<RoleAssignment>
  let role: Role
  let scope: String
  let place: String?
  let from: String
  let until: String?
  let holds: Bool

  init(_ assignment: RoleAssignment, at now: Instant) {
    id = assignment.id
    role = assignment.role
    scope = assignment.scope.kind
    place = assignment.scope.placeText
    from = assignment.from.description
    until = assignment.until?.description
    holds = assignment.holds(at: now)
  }

  static let schema = Schema.named(
    "RoleAssignment",
    .object([
      .needs("id", .id), .needs("role", AccountSchemas.role), .needs("scope", AccountSchemas.scope),
      .may("place", .id, "The project or building."), .needs("from", .time), .may("until", .time),
      .needs("holds", .boolean, "Whether it holds now."),
    ]))
}

struct NewAssignmentBody: Decodable, Described {
  let role: Role
  let scope: String?
  let place: String?
  let from: String?
  let until: String?

  /// - Throws: `Problem` 422.
  func assignment() throws(Problem) -> NewAssignment {
    NewAssignment(
      role, in: try Self.scope(scope, place), from: try Self.moment(from, "from"),
      until: try Self.moment(until, "until"))
  }

  /// The scope of a kind and an id; the organisation when both are left out.
  static func scope(_ kind: String?, _ place: String?) throws(Problem) -> Scope {
    let id = place.flatMap { ID<Organisation>($0) }
    guard place == nil || id != nil, let scope = Scope(kind: kind ?? "organisation", place: id?.bytes) else {
      throw .invalidBody("The members /scope and /place must name the organisation, a project or a building.")
    }
    return scope
  }

  static func moment(_ text: String?, _ name: String) throws(Problem) -> Instant? {
    guard let text else { return nil }
    guard let moment = Instant(text: text) else { throw .invalidBody("The member /\(name) must be a moment.") }
    return moment
  }

  static let schema = Schema.named(
    "NewRoleAssignment",
    .object([
      .needs("role", AccountSchemas.role),
      .may("scope", AccountSchemas.scope, "The organisation when left out."),
      .may("place", .id, "The project or building."), .may("from", .time, "Now when left out."),
      .may("until", .time, "No end when left out."),
    ]))
}

struct AccountBody: Encodable, Described, Sendable {
  let id: ID<Principal>
  let name: String
  let displayName: String
  let duty: String?
  let roles: [AssignmentBody]
  let isActive: Bool
  let isInvited: Bool
  let mustChangePassword: Bool
  let lockedUntil: String?
  let createdAt: String
  let version: Int64

  init(_ account: Account, at now: Instant) {
    id = account.id
    name = account.name
    displayName = account.displayName
    duty = account.duty?.rawValue
    roles = account.assignments.map { AssignmentBody($0, at: now) }
    isActive = account.isActive
    isInvited = account.isInvited
    mustChangePassword = account.mustChangePassword
    lockedUntil = account.lockedUntil(at: now)?.description
    createdAt = account.createdAt.description
    version = account.version
  }

  static let schema = Schema.named(
    "Account",
    .object([
      .needs("id", .id), .needs("name", AccountSchemas.name, "What is typed at sign-in."),
      .needs("displayName", AccountSchemas.displayName, "What others see."),
      .may(
        "duty", .choice(Duty.allCases.map(\.rawValue)), "The business or one office; left out before the first role."),
      .needs("roles", .array(AssignmentBody.schema, max: Accounts.assignmentsMax)), .needs("isActive", .boolean),
      .needs("isInvited", .boolean, "Whether it has no password yet."), .needs("mustChangePassword", .boolean),
      .may("lockedUntil", .time, "After wrong passwords."), .needs("createdAt", .time), .needs("version", .count),
    ]))
}

struct NewAccountBody: Decodable, Described {
  let name: String
  let displayName: String
  let roles: [NewAssignmentBody]?
  let password: String?

  static let schema = Schema.named(
    "NewAccount",
    .object([
      .needs("name", AccountSchemas.name), .needs("displayName", AccountSchemas.displayName),
      .may("roles", .array(NewAssignmentBody.schema, max: Accounts.assignmentsMax)),
      .may(
        "password", .text(1...1_000, example: "correct horse battery staple"),
        "To be changed at the first sign-in. Left out for one to be invited."),
    ]))
}

struct AccountChangeBody: Decodable, Described {
  let displayName: String?
  let isActive: Bool?

  static let schema = Schema.named(
    "AccountChange",
    .object([
      .may("displayName", AccountSchemas.displayName), .may("isActive", .boolean, "false ends its sessions."),
    ]))
}

struct NewPasswordBody: Encodable, Described, Sendable {
  let password: String

  static let schema = Schema.named(
    "NewPassword", .object([.needs("password", .text(1...200, example: "tk4f-…"), "Shown this once.")]))
}

struct InvitationBody: Encodable, Described, Sendable {
  let token: String
  let path: String

  static let schema = Schema.named(
    "Invitation",
    .object([
      .needs("token", .text(1...200, example: "c2Vh…"), "For the owner alone; shown this once."),
      .needs("path", .text(1...300, example: "/invitation?token=c2Vh…"), "The page that takes it."),
    ]))
}

struct PendingResetBody: Encodable, Described, Sendable {
  let id: ID<PasswordReset>
  let account: ID<Principal>
  let name: String
  let displayName: String
  let address: String
  let askedAt: String
  let expiresAt: String
  let approvedAt: String?

  init(_ pending: PendingReset) {
    id = pending.reset.id
    account = pending.reset.account
    name = pending.name
    displayName = pending.displayName
    address = pending.reset.address
    askedAt = pending.reset.askedAt.description
    expiresAt = pending.reset.expiresAt.description
    approvedAt = pending.reset.approvedAt?.description
  }

  static let schema = Schema.named(
    "PendingReset",
    .object([
      .needs("id", .id), .needs("account", .id), .needs("name", AccountSchemas.name),
      .needs("displayName", AccountSchemas.displayName),
      .needs("address", .text(0...64, example: "192.0.2.7"), "From where it was asked."), .needs("askedAt", .time),
      .needs("expiresAt", .time), .may("approvedAt", .time),
    ]))
}

struct PendingResetsBody: Encodable, Described, Sendable {
  let items: [PendingResetBody]

  static let schema = Schema.named(
    "PendingResets", .object([.needs("items", .array(PendingResetBody.schema, max: 200))]))
}

struct SessionBody: Encodable, Described, Sendable {
  let id: ID<Session>
  let openedAt: String
  let usedAt: String
  let expiresAt: String
  let secondFactorAt: String?
  let address: String
  let agent: String

  init(_ session: Session) {
    id = session.id
    openedAt = session.openedAt.description
    usedAt = session.usedAt.description
    expiresAt = session.expiresAt.description
    secondFactorAt = session.secondFactorAt?.description
    address = session.address
    agent = session.agent
  }

  static let schema = Schema.named(
    "Session",
    .object([
      .needs("id", .id), .needs("openedAt", .time), .needs("usedAt", .time), .needs("expiresAt", .time),
      .may("secondFactorAt", .time),
      .needs("address", .text(0...64, example: "192.0.2.7"), "From where it was opened."),
      .needs("agent", .text(0...256, example: "Mozilla/5.0 …"), "What the browser said it was."),
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
  /// A building first: the example names a place.
  static let scope = Schema.choice(["building", "project", "organisation"])
}
