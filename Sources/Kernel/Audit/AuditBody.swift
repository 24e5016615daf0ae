import Foundation
package import Kernel

/// What an entry says, as it is hashed into the tree: JSON with sorted keys, written once and kept byte for byte.
package struct AuditBody: Sendable, Hashable, Codable {
  /// The version of this form.
  package static let version = 1

  package let v: Int
  package let id: ID<AuditEntry>
  /// RFC 3339, UTC, microseconds.
  package let at: String
  package let organisation: ID<Organisation>
  package let principal: ID<Principal>
  package let principalKind: Principal.Kind
  package let verb: AuditVerb
  package let kind: String
  package let resource: String
  package let outcome: AuditOutcome
  /// What may stand here for good, by name.
  package let details: [String: String]
  /// The commitments of what may be erased, by field.
  package let committed: [String: String]

  /// - Throws: `DecodingError` for anything but such a text.
  package init(text: String) throws {
    self = try JSONDecoder().decode(AuditBody.self, from: Data(text.utf8))
  }

  init(_ event: AuditEvent, id: ID<AuditEntry>, at: Instant, openings: [AuditOpening]) {
    v = Self.version
    self.id = id
    self.at = at.description
    organisation = event.organisation
    principal = event.principal
    principalKind = event.principalKind
    verb = event.verb
    kind = event.kind
    resource = event.resource
    outcome = event.outcome
    let plain = event.details.lazy.filter { !$0.isPersonal }
    details = Dictionary(uniqueKeysWithValues: plain.map { ($0.name, AuditEvent.cut($0.value)) })
    committed = Dictionary(uniqueKeysWithValues: openings.map { ($0.field, $0.commitment.text) })
  }

  func text() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// What a search looks through besides the committed values: the resource and the details, in small letters.
  var words: String {
    ([resource] + details.sorted { $0.key < $1.key }.map(\.value)).joined(separator: "\n").lowercased()
  }
}

extension AuditEvent {
  static func cut(_ text: String) -> String {
    text.count <= textCharactersMax ? text : text.prefix(textCharactersMax - 1) + "…"
  }

  /// What of it is committed to: the principal's name, from where, why, and personal details. What is empty is left
  /// out.
  ///
  /// - Parameter salt: gives 32 bytes that nobody can guess, new ones a call.
  func openings(salt: () -> [UInt8]) -> [AuditOpening] {
    let own = principal.description
    var fields: [(String, String?, String)] = [
      ("who.name", own, principalName), ("from.address", own, origin.address), ("from.agent", own, origin.agent),
      ("why", nil, reason ?? ""),
    ]
    fields += details.filter(\.isPersonal).map { ("detail.\($0.name)", $0.subject, $0.value) }
    return fields.filter { !$0.2.isEmpty }.map { field, subject, value in
      AuditOpening(field: field, subject: subject, salt: salt(), value: Self.cut(value))
    }
  }
}
