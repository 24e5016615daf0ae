import Accounts
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

/// Permissions and where they hold.
struct GrantBody: Encodable, Described, Sendable {
  let scope: String
  let place: String?
  let permissions: [String]

  init(_ grant: Grant) {
    scope = grant.scope.kind
    place = grant.scope.placeText
    permissions = grant.permissions.map(\.rawValue).sorted()
  }

  static let schema = Schema.named(
    "Grant",
    .object([
      .needs("scope", AccountSchemas.scope), .may("place", .id, "The project or building."),
      .needs("permissions", .array(AccountSchemas.permission, max: 200)),
    ]))
}

/// Whoever asks, as they are seen here.
struct PrincipalBody: Encodable, Described, Sendable {
  let id: ID<Principal>
  let kind: Principal.Kind
  let organisation: ID<Organisation>
  let name: String
  let permissions: [String]
  let grants: [GrantBody]
  let hasSecondFactor: Bool
  let secondFactorAt: String?
  let isVerified: Bool
  let due: String?

  init(_ principal: Principal, at now: Instant) {
    id = principal.id
    kind = principal.kind
    organisation = principal.organisation
    name = principal.name
    permissions = principal.permissions.map(\.rawValue).sorted()
    grants = principal.grants.map { GrantBody($0) }
    hasSecondFactor = principal.assurance.hasSecondFactor
    secondFactorAt = principal.assurance.secondFactorAt?.description
    isVerified = principal.assurance.isFresh(at: now)
    let assurance = principal.assurance
    if assurance.hasSecondFactor, assurance.secondFactorAt == nil {
      due = "secondFactor"
    } else {
      due = principal.mustChangePassword ? "passwordChange" : nil
    }
  }

  static let schema = Schema.named(
    "Principal",
    .object([
      .needs("id", .id), .needs("kind", .choice(["person", "system", "platform"])), .needs("organisation", .id),
      .needs("name", .text(0...200, example: "王芳")),
      .needs("permissions", .array(AccountSchemas.permission, max: 200), "Those that hold somewhere."),
      .needs("grants", .array(GrantBody.schema, max: 200), "Where each holds."), .needs("hasSecondFactor", .boolean),
      .may("secondFactorAt", .time, "When it was last shown in this session."),
      .needs("isVerified", .boolean, "Whether that is not too long ago for what is sensitive."),
      .may("due", .choice(["secondFactor", "passwordChange"]), "What comes before anything else."),
    ]))
}

struct PasswordChangeBody: Decodable, Described {
  let old: String
  let new: String

  static let schema = Schema.named(
    "PasswordChange",
    .object([
      .needs("old", .text(1...1_000, example: "correct horse battery staple")),
      .needs("new", .text(1...1_000, example: "a longer and better one"), "At least 10 characters."),
    ]))
}

struct CodeBody: Decodable, Described {
  let code: String

  static let schema = Schema.named(
    "Code", .object([.needs("code", .text(1...64, example: "123456"), "Of the second factor, or a recovery code.")]))
}

struct PasswordBody: Decodable, Described {
  let password: String

  static let schema = Schema.named(
    "Password", .object([.needs("password", .text(1...1_000, example: "correct horse battery staple"))]))
}

struct SecondFactorBody: Encodable, Described, Sendable {
  let since: String?
  let recoveryCodesLeft: Int

  static let schema = Schema.named(
    "SecondFactor",
    .object([.may("since", .time, "Left out when there is none."), .needs("recoveryCodesLeft", .count)]))
}

struct NewSecondFactorBody: Decodable, Described {
  let password: String
  let algorithm: TOTP.Algorithm?

  static let schema = Schema.named(
    "NewSecondFactor",
    .object([
      .needs("password", .text(1...1_000, example: "correct horse battery staple")),
      .may("algorithm", .choice(TOTP.Algorithm.allCases.map(\.rawValue)), "SHA1 when left out; all programs know it."),
    ]))
}

extension TOTP.Algorithm: Decodable {}

struct SecondFactorOfferBody: Encodable, Described, Sendable {
  let address: String
  let secret: String

  static let schema = Schema.named(
    "SecondFactorOffer",
    .object([
      .needs("address", .text(1...1_000, example: "otpauth://totp/Anju:admin?secret=…"), "For a QR code."),
      .needs("secret", .text(1...200, example: "JBSWY3DPEHPK3PXP"), "For typing. Shown this once."),
    ]))
}

struct RecoveryCodesBody: Encodable, Described, Sendable {
  let codes: [String]

  static let schema = Schema.named(
    "RecoveryCodes",
    .object([.needs("codes", .array(.text(1...64, example: "abcd-efgh-jkmn-pqrs"), max: 20), "Shown this once.")]))
}

struct ContactBody: Encodable, Described, Sendable {
  let contact: String?

  static let schema = Schema.named(
    "Contact", .object([.may("contact", .text(1...300, example: "138****5270"), "Left out when there is none.")]))
}

struct NewContactBody: Decodable, Described {
  let contact: String
  let password: String

  static let schema = Schema.named(
    "NewContact",
    .object([
      .needs("contact", .text(1...254, example: "13800005270"), "A telephone number or a mail address."),
      .needs("password", .text(1...1_000, example: "correct horse battery staple")),
    ]))
}

struct ContactOfferBody: Encodable, Described, Sendable {
  let offer: String

  static let schema = Schema.named(
    "ContactOffer", .object([.needs("offer", .text(1...4_096, example: "c2Vh…"), "To be sent back with the code.")]))
}

struct ContactConfirmationBody: Decodable, Described {
  let offer: String
  let code: String

  static let schema = Schema.named(
    "ContactConfirmation",
    .object([
      .needs("offer", .text(1...4_096, example: "c2Vh…")), .needs("code", .text(1...16, example: "123456")),
    ]))
}

struct ResetRequestBody: Decodable, Described {
  let name: String

  static let schema = Schema.named(
    "ResetRequest", .object([.needs("name", .text(1...200, example: "wang.fang"), "The account's sign-in name.")]))
}

struct ResetTokenBody: Encodable, Described, Sendable {
  let token: String

  static let schema = Schema.named(
    "ResetToken",
    .object([
      .needs("token", .text(1...200, example: "c2Vh…"), "Given for any name, whether there is such an account or not.")
    ]))
}

struct ResetCompletionBody: Decodable, Described {
  let token: String
  let contactCode: String?
  let factorCode: String?
  let password: String

  static let schema = Schema.named(
    "ResetCompletion",
    .object([
      .needs("token", .text(1...200, example: "c2Vh…"), "Of the request, or of an invitation."),
      .may("contactCode", .text(1...16, example: "123456"), "What was sent to the contact."),
      .may("factorCode", .text(1...64, example: "abcd-efgh-jkmn-pqrs"), "Of the second factor, or a recovery code."),
      .needs("password", .text(1...1_000, example: "a longer and better one"), "The new one."),
    ]))
}

struct EndedBody: Encodable, Described, Sendable {
  let ended: Int

  static let schema = Schema.named("Ended", .object([.needs("ended", .count, "How many sessions.")]))
}
