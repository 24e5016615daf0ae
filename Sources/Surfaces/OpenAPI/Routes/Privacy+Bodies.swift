import Audit
import Kernel
import Privacy

enum PrivacySchemas {
  static let key = Schema.text(1...64, example: "face")
  static let words = Schema.text(0...1_000, example: "身份")
  static let name = Schema.object([.needs("zh", words), .needs("en", words)])
  static let reason = Schema.text(0...1_000, example: "本人已搬离")
  static let kind = Schema.choice(PrivacyRequest.Kind.allCases.map(\.rawValue))
  static let state = Schema.choice(PrivacyRequest.State.allCases.map(\.rawValue))
}

struct TwoNames: Encodable, Sendable {
  let zh: String
  let en: String
}

struct PurposesBody: Encodable, Described, Sendable {
  struct Item: Encodable, Sendable {
    let key: String
    let basis: Purpose.Basis
    let isSensitive: Bool
    let version: Int
    let name: TwoNames
    let text: TwoNames
    let categories: [String]
    let retention: TwoNames
  }

  let policy: String
  let items: [Item]

  init(_ policy: PrivacyPolicy) {
    self.policy = policy.version
    items = policy.purposes.map { purpose in
      let shown = purpose.current
      let kept = policy.retention(purpose.retention)
      return Item(
        key: purpose.key, basis: purpose.basis, isSensitive: purpose.isSensitive, version: shown.version,
        name: TwoNames(zh: shown.zh.name, en: shown.en.name), text: TwoNames(zh: shown.zh.text, en: shown.en.text),
        categories: purpose.categories, retention: TwoNames(zh: kept?.zh.name ?? "", en: kept?.en.name ?? ""))
    }
  }

  static let schema: Schema = {
    let item = Schema.object([
      .needs("key", PrivacySchemas.key), .needs("basis", .choice(Purpose.Basis.allCases.map(\.rawValue))),
      .needs("isSensitive", .boolean, "Needs a separate, explicit consent."), .needs("version", .count),
      .needs("name", PrivacySchemas.name), .needs("text", PrivacySchemas.name),
      .needs("categories", .array(PrivacySchemas.key, max: 100)), .needs("retention", PrivacySchemas.name),
    ])
    return .named(
      "Purposes", .object([.needs("policy", PrivacySchemas.key), .needs("items", .array(item, max: 200))]))
  }()
}

struct HoldingsBody: Encodable, Described, Sendable {
  struct Field: Encodable, Sendable {
    let key: String
    let name: TwoNames
    let masked: String
    let isSensitive: Bool
  }

  struct Item: Encodable, Sendable {
    let category: String
    let name: TwoNames
    let fields: [Field]
    let source: Holding.Source
    let since: String
    let count: Int
    let purposes: [String]
    let recipients: [String]
    let retention: String
    let until: String?
  }

  let items: [Item]

  init(_ holdings: [Holding], _ policy: PrivacyPolicy) {
    items = holdings.map { holding in
      Item(
        category: holding.category, name: Self.names(policy.categories[holding.category], holding.category),
        fields: holding.fields.map { field in
          Field(
            key: field.key, name: Self.names(policy.fields[field.key], field.key), masked: field.masked,
            isSensitive: field.isSensitive)
        },
        source: holding.source, since: holding.since.description, count: holding.count, purposes: holding.purposes,
        recipients: holding.recipients, retention: holding.retention,
        until: policy.end(holding.retention, from: holding.retentionFrom)?.description)
    }
  }

  private static func names(_ words: PrivacyPolicy.Words?, _ key: String) -> TwoNames {
    TwoNames(zh: words?.zh ?? key, en: words?.en ?? key)
  }

  static let schema: Schema = {
    let field = Schema.object([
      .needs("key", PrivacySchemas.key), .needs("name", PrivacySchemas.name), .needs("masked", PrivacySchemas.words),
      .needs("isSensitive", .boolean),
    ])
    let item = Schema.object([
      .needs("category", PrivacySchemas.key), .needs("name", PrivacySchemas.name),
      .needs("fields", .array(field, max: 100)), .needs("source", .choice(Holding.Source.allCases.map(\.rawValue))),
      .needs("since", .time), .needs("count", .count), .needs("purposes", .array(PrivacySchemas.key, max: 100)),
      .needs("recipients", .array(PrivacySchemas.words, max: 100), "Who else got it."),
      .needs("retention", PrivacySchemas.key), .may("until", .time, "Left out while it is in use."),
    ])
    return .named("Holdings", .object([.needs("items", .array(item, max: 1_000))]))
  }()
}

struct LookBody: Encodable, Described, Sendable {
  let number: Int64
  let at: String
  let verb: AuditVerb
  let kind: String
  let outcome: AuditOutcome
  let who: String?
  let reason: String?

  init(_ entry: AuditEntry) {
    number = entry.number
    at = entry.body.at
    verb = entry.body.verb
    kind = entry.body.kind
    outcome = entry.body.outcome
    who = entry.field("who.name").value
    reason = entry.field("why").value
  }

  static let schema = Schema.named(
    "Look",
    .object([
      .needs("number", .count), .needs("at", .time), .needs("verb", .choice(AuditVerb.allCases.map(\.rawValue))),
      .needs("kind", .text(1...200, example: "privacy.request")),
      .needs("outcome", .choice(AuditOutcome.allCases.map(\.rawValue))), .may("who", PrivacySchemas.words),
      .may("reason", PrivacySchemas.reason),
    ]))
}

struct ConsentEntryBody: Encodable, Described, Sendable {
  let number: Int64
  let purpose: String
  let version: Int
  let act: ConsentEntry.Act
  let by: ConsentEntry.By
  let at: String
  let language: String
  let channel: String
  let address: String?

  init(_ entry: ConsentEntry) {
    number = entry.number
    purpose = entry.purpose
    version = entry.version
    act = entry.act
    by = entry.by
    at = entry.at.description
    language = entry.language
    channel = entry.channel
    address = entry.address
  }

  static let schema = Schema.named(
    "ConsentEntry",
    .object([
      .needs("number", .count), .needs("purpose", PrivacySchemas.key), .needs("version", .count),
      .needs("act", .choice(ConsentEntry.Act.allCases.map(\.rawValue))),
      .needs("by", .choice(ConsentEntry.By.allCases.map(\.rawValue))), .needs("at", .time),
      .needs("language", .text(0...16, example: "zh-CN")), .needs("channel", .text(0...32, example: "console")),
      .may("address", .text(0...64, example: "192.0.2.7")),
    ]))
}

struct ConsentBody: Encodable, Described, Sendable {
  let purpose: String
  let isGranted: Bool
  let isOutdated: Bool
  let version: Int
  let last: ConsentEntryBody?

  init(_ state: ConsentState) {
    purpose = state.purpose.key
    isGranted = state.isGranted
    isOutdated = state.isOutdated
    version = state.purpose.current.version
    last = (state.granted ?? state.withdrawn).map { ConsentEntryBody($0) }
  }

  static let schema = Schema.named(
    "Consent",
    .object([
      .needs("purpose", PrivacySchemas.key), .needs("isGranted", .boolean),
      .needs("isOutdated", .boolean, "The text has changed since."),
      .needs("version", .count, "Of the text that is shown now."), .may("last", ConsentEntryBody.schema),
    ]))
}

struct ConsentsBody: Encodable, Described, Sendable {
  let items: [ConsentBody]

  static let schema = Schema.named("Consents", .object([.needs("items", .array(ConsentBody.schema, max: 200))]))
}

struct ConsentWillBody: Decodable, Described {
  let act: ConsentEntry.Act
  let purpose: String
  let version: Int?
  let isExplicit: Bool?
  let language: String?

  var will: ConsentWill {
    ConsentWill(
      act, purpose, version: version, isExplicit: isExplicit ?? false, language: language ?? "zh-CN", channel: "api")
  }

  static let schema = Schema.named("ConsentWill", .object(fields))

  static let fields: [Schema.Field] = [
    .needs("act", .choice(ConsentEntry.Act.allCases.map(\.rawValue))), .needs("purpose", PrivacySchemas.key),
    .may("version", .integer(1...10_000), "Of the text that was shown; needed to give."),
    .may("isExplicit", .boolean, "The person agreed to this purpose by itself; needed for a sensitive one."),
    .may("language", .choice(["zh-CN", "en"])),
  ]
}

struct CounterConsentBody: Decodable, Described {
  let act: ConsentEntry.Act
  let purpose: String
  let version: Int?
  let isExplicit: Bool?
  let language: String?
  let evidence: String
  let asGuardian: Bool?

  var will: ConsentWill {
    ConsentWill(
      act, purpose, version: version, isExplicit: isExplicit ?? false, language: language ?? "zh-CN",
      channel: "counter")
  }

  static let schema = Schema.named(
    "CounterConsent",
    .object(
      ConsentWillBody.fields + [
        .needs("evidence", .text(1...1_000, example: "同意书 2026-118"), "The form that was signed."),
        .may("asGuardian", .boolean, "The guardian said it."),
      ]))
}
