import Audit
import Kernel

struct AuditEntryBody: Encodable, Described, Sendable {
  let number: Int64
  let id: ID<AuditEntry>
  let at: String
  let outcome: AuditOutcome
  let verb: AuditVerb
  let kind: String
  let resource: String
  let principal: ID<Principal>
  let principalKind: Principal.Kind
  let name: String?
  let address: String?
  let agent: String?
  let reason: String?
  let details: [String: String]
  let erased: [String]
  let leaf: Int?

  init(_ entry: AuditEntry) {
    let body = entry.body
    number = entry.number
    id = body.id
    at = body.at
    outcome = body.outcome
    verb = body.verb
    kind = body.kind
    resource = body.resource
    principal = body.principal
    principalKind = body.principalKind
    name = entry.field("who.name").value
    address = entry.field("from.address").value
    agent = entry.field("from.agent").value
    reason = entry.field("why").value
    let personal = entry.personalDetails.compactMap { name, field in field.value.map { (name, $0) } }
    details = body.details.merging(personal) { plain, _ in plain }
    erased = body.committed.keys.filter { entry.field($0) == .erased }.sorted()
    leaf = entry.leaf
  }

  static let schema = Schema.named(
    "AuditEntry",
    .object([
      .needs("number", .count, "Grows from entry to entry; may have gaps."), .needs("id", .id), .needs("at", .time),
      .needs("outcome", .choice(AuditOutcome.allCases.map(\.rawValue))),
      .needs("verb", .choice(AuditVerb.allCases.map(\.rawValue))),
      .needs("kind", .text(1...200, example: "estate.room"), "What kind of thing."),
      .needs("resource", .text(1...200, example: "0197c1de-5a00-7000-8000-000000000001"), "Which one."),
      .needs("principal", .id), .needs("principalKind", .choice(["person", "system", "platform"])),
      .may("name", .text(0...1_000, example: "王芳"), "The principal's name at the time."),
      .may("address", .text(0...64, example: "192.0.2.7")), .may("agent", .text(0...256, example: "Firefox")),
      .may("reason", .text(0...1_000, example: "租客要求核对")),
      .needs("details", .map(.text(0...1_000, example: "2 号楼"))),
      .needs(
        "erased", .array(.text(1...300, example: "who.name"), max: 64),
        "Fields whose values were erased; their commitments still stand in the entry."),
      .may("leaf", .count, "Its place in the tree; left out until it is hashed."),
    ]))
}

struct AuditEntryDetailBody: Encodable, Described, Sendable {
  struct Proof: Encodable, Sendable {
    let state: String
    let leaf: Int?
    let size: Int?
    let time: String?
    let root: String?
  }

  let entry: AuditEntryBody
  /// The bytes that are hashed, as text.
  let text: String
  let proof: Proof

  init(_ entry: AuditEntry, _ state: AuditProofState) {
    self.entry = AuditEntryBody(entry)
    text = entry.text
    proof =
      switch state {
      case .waiting: Proof(state: "waiting", leaf: nil, size: nil, time: nil, root: nil)
      case .hashed(let leaf): Proof(state: "hashed", leaf: leaf, size: nil, time: nil, root: nil)
      case .proved(let leaf, let size, let time, let root):
        Proof(state: "proved", leaf: leaf, size: size, time: time, root: root)
      case .broken(let leaf, let size): Proof(state: "broken", leaf: leaf, size: size, time: nil, root: nil)
      }
  }

  static let schema = Schema.named(
    "AuditEntryDetail",
    .object([
      .needs("entry", AuditEntryBody.schema),
      .needs("text", .text(1...65_536, example: "{…}"), "What is hashed into the tree, byte for byte."),
      .needs(
        "proof",
        .object([
          .needs("state", .choice(["waiting", "hashed", "proved", "broken"])), .may("leaf", .count),
          .may("size", .count, "Of the first signed checkpoint that holds it."),
          .may("time", .text(1...64, example: "2026-11-23T06:32:08.000000Z")),
          .may("root", .text(64...64, example: String(repeating: "0", count: 64))),
        ]),
        "Worked out now: whether the entry's path leads to a signed root."),
    ]))
}
