import Audit
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import OpenAPI

extension Console {
  func installAudit(on router: some RouterMethods<HTTPContext>) {
    get("/audit", on: router) { visit in
      let query = auditQuery(visit, page: PageRequest())
      switch visit.query["format"] {
      case "csv": return Self.file(try await services.audit.table(query, by: visit.principal()), "anju-audit.csv")
      case "proof": return Self.file(try await services.audit.prove(query, by: visit.principal()), "anju-audit.proof")
      default: return try await auditPage(visit)
      }
    }
    get("/audit/:entry", on: router) { visit in
      guard let number = visit.context.parameters.get("entry").flatMap({ Int64($0) }) else {
        throw Problem.notFound("auditEntry")
      }
      guard visit.query["format"] == "proof" else { return try await auditEntryPage(number, visit) }
      let text = try await services.audit.prove(AuditQuery(number: number), by: visit.principal())
      return Self.file(text, "anju-audit-\(number).proof")
    }
  }

  private static func file(_ text: String, _ name: String) -> Response {
    let type = name.hasSuffix("csv") ? "text/csv" : "text/plain"
    return Response(
      status: .ok,
      headers: [
        .contentType: "\(type); charset=utf-8", .contentDisposition: "attachment; filename=\"\(name)\"",
        .cacheControl: "no-store",
      ],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  // MARK: List

  /// Days are the estate's; both ends count.
  private func auditQuery(_ visit: Visit, page: PageRequest) -> AuditQuery {
    func start(_ name: String, plus days: Int64) -> Instant? {
      visit.query[name].flatMap { LocalDate($0) }?.adding(days: days).start(offsetMinutes: formats.offsetMinutes)
    }
    let context: AuditContext? = visit.query.word("context")
    return AuditQuery(
      principal: visit.query["principal"].flatMap { ID($0) }, verbs: visit.query.words("verb"),
      outcomes: visit.query.words("outcome"), kind: context.map { "\($0.rawValue)." },
      resource: visit.query["resource"], from: start("from", plus: 0), to: start("to", plus: 1),
      text: visit.query["q"], page: page)
  }

  private func auditPage(_ visit: Visit) async throws -> Response {
    let size = visit.query.number("size", in: 10...100, default: 25)
    let request = PageRequest(cursor: visit.query["after"], limit: size)
    let found = try await services.audit.search(auditQuery(visit, page: request), by: visit.principal())
    let words = visit.words
    let view: ViewValue = [
      "size": .text(String(size)), "q": .optional(visit.query["q"]),
      "from": .optional(visit.query["from"]), "to": .optional(visit.query["to"]),
      "principal": .optional(visit.query["principal"]), "resource": .optional(visit.query["resource"]),
      "mayExport": .flag(visit.may(.auditExport)),
      "table": .text(visit.query.address(["format": "csv", "after": nil])),
      "proofs": .text(visit.query.address(["format": "proof", "after": nil])),
      "filters": .list(auditFilters(visit)),
      "hasRows": .flag(!found.items.isEmpty), "rows": .list(found.items.map { auditRow($0, visit) }),
      "range": .text(words("list.shown", ["n": String(found.items.count)])),
      "previous": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "next": .optional(found.next.map { visit.query.address(["after": $0, "then": nil]) }),
    ]
    let response = try await page(
      visit, "audit", title: words("audit.title"), place: .audit, view: view, fragment: "audit-table")
    return withFile(response, visit, ["csv", "proof"])
  }

  private func auditFilters(_ visit: Visit) -> [ViewValue] {
    let words = visit.words
    return [
      filter(
        "verb", words("audit.verb"), AuditVerb.allCases.map { ($0.rawValue, words("auditVerb.\($0.rawValue)")) },
        here: visit.query["verb"]),
      filter(
        "context", words("audit.context"),
        AuditContext.allCases.map { ($0.rawValue, words("auditContext.\($0.rawValue)")) },
        here: visit.query["context"]),
      filter(
        "outcome", words("audit.outcome"),
        AuditOutcome.allCases.map { ($0.rawValue, words("auditOutcome.\($0.rawValue)")) },
        here: visit.query["outcome"]),
    ]
  }

  private func auditRow(_ entry: AuditEntry, _ visit: Visit) -> ViewValue {
    let (body, words) = (entry.body, visit.words)
    return .object(visit.since(entry.at)).with([
      "number": .text(String(entry.number)), "icon": .text(Self.icon(body.verb)),
      "did": .text(Self.did(body, words)), "at": .text(formats.moment(entry.at)),
      "who": .text(Self.text(entry.field("who.name"), words) ?? ""),
      "whoKind": .text(words("auditWho.\(body.principalKind.rawValue)")),
      "address": .optional(Self.text(entry.field("from.address"), words)),
      "what": .text(body.details["name"] ?? words.named("auditKind", body.kind)), "resource": .text(body.resource),
      "why": .text(Self.text(entry.field("why"), words) ?? ""), "tone": .text(Self.tone(body.outcome)),
      "outcome": .text(words("auditOutcome.\(body.outcome.rawValue)")),
    ])
  }

  private static func did(_ body: AuditBody, _ words: Words) -> String {
    let act = body.details["act"].map { " (\($0))" } ?? ""
    return "\(words("auditVerb.\(body.verb.rawValue)")) \(words.named("auditKind", body.kind))\(act)"
  }

  /// The value; a word for one that was erased; nil for one that never was.
  private static func text(_ field: AuditEntry.Field, _ words: Words) -> String? {
    switch field {
    case .known(let value): value
    case .erased: words("audit.erased")
    case .none: nil
    }
  }

  private static func icon(_ verb: AuditVerb) -> String {
    switch verb {
    case .create: "plus"
    case .read: "lock-open"
    case .update: "sliders-horizontal"
    case .delete: "x"
    case .act: "zap"
    }
  }

  private static func tone(_ outcome: AuditOutcome) -> String {
    switch outcome {
    case .done: "tag-ok"
    case .refused: "tag-warn"
    case .failed: "tag-bad"
    }
  }

  // MARK: One

  private func auditEntryPage(_ number: Int64, _ visit: Visit) async throws -> Response {
    let (entry, state) = try await services.audit.entry(number, by: visit.principal())
    let (body, words) = (entry.body, visit.words)
    let proof = AuditProofView(state, words, formats)
    let name = words("audit.entry", ["n": String(number)])
    let view: ViewValue = [
      "number": .text(String(number)), "heading": .text("\(name) · \(Self.did(body, words))"),
      "outcome": .text(words("auditOutcome.\(body.outcome.rawValue)")),
      "outcomeTone": .text(Self.tone(body.outcome)), "proofTone": .text(proof.tone),
      "proofState": .text(words("audit.state-\(proof.key)")), "proofHint": .text(words("audit.hint-\(proof.key)")),
      "proof": .list(proof.facts.map { ["name": .text($0), "value": .text($1)] }),
      "facts": .list(auditFacts(entry, words)), "text": .text(entry.text), "mayExport": .flag(visit.may(.auditExport)),
      "sameThing": .text(PageQuery(path: "/audit", values: ["resource": body.resource]).address()),
      "samePerson": .text(PageQuery(path: "/audit", values: ["principal": body.principal.description]).address()),
    ]
    let response = try await page(
      visit, "audit-entry", title: name, place: .audit,
      crumbs: [Crumb(name: words("audit.title"), href: "/audit"), Crumb(name: name)], view: view)
    return withFile(response, visit, ["proof"])
  }

  private func auditFacts(_ entry: AuditEntry, _ words: Words) -> [ViewValue] {
    let body = entry.body
    func fact(_ name: String, _ value: String?, erased: Bool = false) -> ViewValue? {
      value.map { ["name": .text(name), "value": .text($0), "href": .none, "erased": .flag(erased)] }
    }
    func field(_ name: String, _ label: String) -> ViewValue? {
      let field = entry.field(name)
      return fact(label, Self.text(field, words), erased: field == .erased)
    }
    // What the platform opens by itself has a word for its reason; people's reasons are shown as they wrote them.
    let why = entry.field("why")
    let reason = fact(
      words("audit.why"), Self.text(why, words).map { words.named("auditReason", $0) }, erased: why == .erased)
    var facts = [
      fact(words("audit.number"), String(entry.number)), fact(words("audit.when"), formats.moment(entry.at)),
      field("who.name", words("audit.who")),
      fact(words("audit.principalKind"), words("auditWho.\(body.principalKind.rawValue)")),
      fact(words("audit.principal"), body.principal.description), field("from.address", words("audit.address")),
      field("from.agent", words("audit.agent")), fact(words("audit.did"), Self.did(body, words)),
      fact(words("audit.kind"), words.named("auditKind", body.kind)), fact(words("audit.resource"), body.resource),
      reason ?? fact(words("audit.why"), words("audit.noReason"), erased: true),
    ]
    facts += body.details.sorted { $0.key < $1.key }.map { fact($0.key, $0.value) }
    facts += entry.personalDetails.map { name, _ in field("detail.\(name)", name) }
    return facts.compactMap { $0 }
  }
}

/// The parts of the platform that entries are about, as the page's filter has them.
enum AuditContext: String, CaseIterable {
  case account
  case alarm
  case apiKey
  case audit
  case device
  case estate
  case identity
  case organisation
  case privacy
  case provisioning
  case request
  case sealed
}

/// How well an entry is proved, as its page shows it.
struct AuditProofView {
  let key: String
  let tone: String
  let facts: [(String, String)]

  init(_ state: AuditProofState, _ words: Words, _ formats: Formats) {
    switch state {
    case .waiting: (key, tone, facts) = ("waiting", "tag-info", [])
    case .hashed(let leaf): (key, tone, facts) = ("hashed", "tag-info", [(words("audit.leaf"), formats.number(leaf))])
    case .proved(let leaf, let size, let time, let root):
      key = "proved"
      tone = "tag-ok"
      facts = [
        (words("audit.leaf"), formats.number(leaf)), (words("audit.size"), formats.number(size)),
        (words("audit.time"), Instant(text: time).map { formats.moment($0) } ?? time), (words("audit.root"), root),
      ]
    case .broken(let leaf, let size):
      key = "broken"
      tone = "tag-bad"
      facts = [(words("audit.leaf"), formats.number(leaf)), (words("audit.size"), formats.number(size))]
    }
  }
}
