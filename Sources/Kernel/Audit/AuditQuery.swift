package import Kernel
import SQLStore

/// Which entries of the audit log, newest first.
package struct AuditQuery: Sendable, Hashable {
  /// The most characters of a text to look for.
  package static let textCharactersMax = 100

  /// One entry.
  package var number: Int64?
  package var principal: ID<Principal>?
  package var verbs: Set<AuditVerb>
  package var outcomes: Set<AuditOutcome>
  /// What kind of thing: `estate.room`; with a dot at its end it and all kinds below it: `estate.`.
  package var kind: String?
  /// A thing's id.
  package var resource: String?
  /// From this moment on.
  package var from: Instant?
  /// Before this moment.
  package var to: Instant?
  /// A part of a name, an address, a reason, a detail or a thing's id.
  package var text: String?
  package var page: PageRequest

  package init(
    number: Int64? = nil, principal: ID<Principal>? = nil, verbs: Set<AuditVerb> = [],
    outcomes: Set<AuditOutcome> = [], kind: String? = nil, resource: String? = nil, from: Instant? = nil,
    to: Instant? = nil, text: String? = nil,
    page: PageRequest = PageRequest()
  ) {
    self.number = number
    self.principal = principal
    self.verbs = verbs
    self.outcomes = outcomes
    self.kind = kind
    self.resource = resource
    self.from = from
    self.to = to
    self.text = text
    self.page = page
  }

  func check() throws(AuditError) {
    for (name, text, max) in [
      ("text", text, Self.textCharactersMax), ("kind", kind, AuditEvent.nameCharactersMax),
      ("resource", resource, AuditEvent.nameCharactersMax),
    ] where (text?.count ?? 0) > max {
      throw .fieldInvalid(field: name, problem: "must have at most \(max) characters")
    }
    if let cursor = page.cursor, Int64(cursor) == nil { throw .cursorInvalid }
  }

  /// The condition for rows of `audit_entry e`.
  ///
  /// - Parameter organisation: nil for all, which is for the operator's own command only.
  func condition(_ organisation: ID<Organisation>?) -> SQL {
    var sql: SQL = "e.sequence > 0"
    if let organisation { sql += " AND e.organisation = \(organisation)" }
    if let number { sql += " AND e.sequence = \(number)" }
    if let principal { sql += " AND e.principal = \(principal)" }
    if !verbs.isEmpty { sql += " AND e.verb IN \(list: verbs.map(\.rawValue).sorted())" }
    if !outcomes.isEmpty { sql += " AND e.outcome IN \(list: outcomes.map(\.rawValue).sorted())" }
    if let kind, !kind.isEmpty {
      sql += kind.hasSuffix(".")
        ? " AND (e.kind = \(kind.dropLast()) OR e.kind LIKE \(Self.literal(kind) + "%") ESCAPE '!')"
        : " AND e.kind = \(kind)"
    }
    if let resource, !resource.isEmpty { sql += " AND e.resource = \(resource)" }
    if let from { sql += " AND e.at >= \(from)" }
    if let to { sql += " AND e.at < \(to)" }
    if let text, !text.isEmpty {
      let pattern = "%" + Self.literal(text.lowercased()) + "%"
      sql += """
         AND (e.words LIKE \(pattern) ESCAPE '!' OR EXISTS (
          SELECT 1 FROM audit_personal p WHERE p.entry = e.sequence AND lower(p.value) LIKE \(pattern) ESCAPE '!'))
        """
    }
    return sql
  }

  /// The text with LIKE's own signs taken literally.
  private static func literal(_ text: String) -> String {
    text.replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
  }
}
