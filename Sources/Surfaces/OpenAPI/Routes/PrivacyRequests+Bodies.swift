import Kernel
import Privacy

struct PrivacyRequestBody: Encodable, Described, Sendable {
  let id: ID<PrivacyRequest>
  let person: ID<DataSubject>
  let kind: PrivacyRequest.Kind
  let state: PrivacyRequest.State
  let receivedAt: String
  let deadlineAt: String
  let doneAt: String?
  let reason: String
  let progress: Int
  let version: Int64

  init(_ request: PrivacyRequest) {
    id = request.id
    person = request.subject.id
    kind = request.kind
    state = request.state
    receivedAt = request.receivedAt.description
    deadlineAt = request.deadlineAt.description
    doneAt = request.doneAt?.description
    reason = request.reason
    progress = request.progress
    version = request.version
  }

  static let schema = Schema.named(
    "PrivacyRequest",
    .object([
      .needs("id", .id), .needs("person", .id), .needs("kind", PrivacySchemas.kind),
      .needs("state", PrivacySchemas.state), .needs("receivedAt", .time), .needs("deadlineAt", .time),
      .may("doneAt", .time), .needs("reason", PrivacySchemas.reason), .needs("progress", .integer(0...100)),
      .needs("version", .count),
    ]))
}

struct PrivacyRequestDetailBody: Encodable, Described, Sendable {
  struct Step: Encodable, Sendable {
    let act: String
    let at: String
    let by: String?
    let note: String
  }

  struct Erased: Encodable, Sendable {
    let context: String
    let doneAt: String?
    let rows: Int
    let kept: [String]
  }

  let request: PrivacyRequestBody
  let field: String?
  let value: String?
  let note: String
  let steps: [Step]
  let holds: [HoldBody]
  let erased: [Erased]
  let copyUntil: String?

  init(_ detail: PrivacyRequestDetail) {
    request = PrivacyRequestBody(detail.request)
    field = detail.field
    value = detail.value
    note = detail.note
    steps = detail.steps.map { Step(act: $0.act, at: $0.at.description, by: $0.by, note: $0.note) }
    holds = detail.holds.map { HoldBody($0) }
    erased = detail.erased.map {
      Erased(context: $0.context, doneAt: $0.doneAt?.description, rows: $0.rows, kept: $0.kept)
    }
    copyUntil = detail.exportUntil?.description
  }

  static let schema: Schema = {
    let step = Schema.object([
      .needs("act", PrivacySchemas.key), .needs("at", .time), .may("by", PrivacySchemas.words),
      .needs("note", PrivacySchemas.reason),
    ])
    let erased = Schema.object([
      .needs("context", PrivacySchemas.key), .may("doneAt", .time), .needs("rows", .count),
      .needs("kept", .array(PrivacySchemas.key, max: 100), "What has to stay, and why."),
    ])
    return .named(
      "PrivacyRequestDetail",
      .object([
        .needs("request", PrivacyRequestBody.schema), .may("field", PrivacySchemas.words),
        .may("value", PrivacySchemas.words), .needs("note", PrivacySchemas.reason),
        .needs("steps", .array(step, max: 1_000)), .needs("holds", .array(HoldBody.schema, max: 100)),
        .needs("erased", .array(erased, max: 100)), .may("copyUntil", .time),
      ]))
  }()
}

struct NewPrivacyRequestBody: Decodable, Described {
  let kind: PrivacyRequest.Kind
  let field: String?
  let value: String?
  let note: String?

  static let schema = Schema.named(
    "NewPrivacyRequest",
    .object([
      .needs("kind", PrivacySchemas.kind),
      .may("field", .text(1...200, example: "accounts.displayName"), "What to correct."),
      .may("value", .text(1...1_000, example: "李小明"), "What should stand there."), .may("note", PrivacySchemas.reason),
    ]))
}

struct CopyLinkBody: Encodable, Described, Sendable {
  let path: String
  let endsAt: String
  let downloadsMax: Int

  init(_ link: Privacy.Link) {
    path = "/api/v1/privacy/copies/\(link.token)"
    endsAt = link.endsAt.description
    downloadsMax = link.downloadsMax
  }

  static let schema = Schema.named(
    "CopyLink",
    .object([
      .needs("path", .text(1...200, example: "/api/v1/privacy/copies/Zm9v")), .needs("endsAt", .time),
      .needs("downloadsMax", .count),
    ]))
}

struct EvidenceBody: Decodable, Described {
  let evidence: String

  static let schema = Schema.named(
    "Evidence", .object([.needs("evidence", .text(1...1_000, example: "居民身份证原件"), "The document that was seen.")]))
}

struct DecisionBody: Decodable, Described {
  let approve: Bool
  let reason: String

  static let schema = Schema.named(
    "PrivacyDecision",
    .object([.needs("approve", .boolean), .needs("reason", PrivacySchemas.reason, "A refusal says why.")]))
}

struct ReasonBody: Decodable, Described {
  let reason: String

  static let schema = Schema.named(
    "PrivacyReason", .object([.needs("reason", .text(1...1_000, example: "判决已生效"))]))
}

struct GuardianBody: Decodable, Described {
  let guardian: String
  let born: String

  static let schema = Schema.named(
    "Guardian", .object([.needs("guardian", .id), .needs("born", .date, "The minor's day of birth.")]))
}

struct NewHoldBody: Decodable, Described {
  let reason: String
  let basis: String
  let until: String?

  static let schema = Schema.named(
    "NewLegalHold",
    .object([
      .needs("reason", .text(1...1_000, example: "押金争议诉讼中"), "The person may read it."),
      .needs("basis", .text(1...1_000, example: "（2026）京 0105 民初 118 号")), .may("until", .time),
    ]))
}

struct HoldBody: Encodable, Described, Sendable {
  let id: ID<LegalHold>
  let person: ID<DataSubject>
  let reason: String
  let basis: String
  let placedBy: String
  let placedAt: String
  let until: String?

  init(_ hold: LegalHold) {
    id = hold.id
    person = hold.subject
    reason = hold.reason
    basis = hold.basis
    placedBy = hold.placedBy
    placedAt = hold.placedAt.description
    until = hold.until?.description
  }

  static let schema = Schema.named(
    "LegalHold",
    .object([
      .needs("id", .id), .needs("person", .id), .needs("reason", PrivacySchemas.reason),
      .needs("basis", PrivacySchemas.reason), .needs("placedBy", PrivacySchemas.words), .needs("placedAt", .time),
      .may("until", .time),
    ]))
}

struct HoldsBody: Encodable, Described, Sendable {
  let items: [HoldBody]

  static let schema = Schema.named("LegalHolds", .object([.needs("items", .array(HoldBody.schema, max: 100))]))
}

struct NewRetentionRunBody: Decodable, Described {
  let isDry: Bool

  static let schema = Schema.named(
    "NewRetentionRun", .object([.needs("isDry", .boolean, "Only count, change nothing.")]))
}

struct RetentionRunBody: Encodable, Described, Sendable {
  struct Line: Encodable, Sendable {
    let context: String
    let retention: String
    let before: String
    let due: Int
    let held: Int
    let isDone: Bool
  }

  let id: ID<RetentionRun>
  let isDry: Bool
  let startedAt: String
  let doneAt: String?
  let lines: [Line]

  init(_ run: RetentionRun) {
    id = run.id
    isDry = run.isDry
    startedAt = run.startedAt.description
    doneAt = run.doneAt?.description
    lines = run.lines.map {
      Line(
        context: $0.context, retention: $0.retention, before: $0.before.description, due: $0.due, held: $0.held,
        isDone: $0.isDone)
    }
  }

  static let schema: Schema = {
    let line = Schema.object([
      .needs("context", PrivacySchemas.key), .needs("retention", PrivacySchemas.key), .needs("before", .time),
      .needs("due", .count, "Rows whose time was over."), .needs("held", .count, "Of these, kept by a legal hold."),
      .needs("isDone", .boolean),
    ])
    return .named(
      "RetentionRun",
      .object([
        .needs("id", .id), .needs("isDry", .boolean), .needs("startedAt", .time), .may("doneAt", .time),
        .needs("lines", .array(line, max: 1_000)),
      ]))
  }()
}
